# The messages of a host that has TensorFlow's schema as its own: qgraft's, in the package `tensorflow`, below "host/".
# SPDX-License-Identifier: Apache-2.0
set(qgraft_proto_folder "${PROJECT_SOURCE_DIR}/adapters/graphdef/proto")
set(qgraft_host_folder "${CMAKE_CURRENT_BINARY_DIR}/host_messages")
set(qgraft_host_protos)
set(qgraft_host_sources)
foreach(name IN ITEMS qgraft_tensor qgraft_node qgraft_graphdef)
  set(qgraft_proto "${qgraft_proto_folder}/${name}.proto")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${qgraft_proto}")
  file(READ "${qgraft_proto}" text)
  # Protobuf registers files by name, too: another folder keeps them apart.
  string(REPLACE "import \"qgraft_" "import \"host/qgraft_" text "${text}")
  string(REPLACE "package qgraft.graphdef.proto;" "package tensorflow;" of_host "${text}")
  if(of_host STREQUAL text)
    message(FATAL_ERROR "${qgraft_proto} is not in the package qgraft.graphdef.proto")
  endif()
  file(CONFIGURE OUTPUT "${qgraft_host_folder}/host/${name}.proto" CONTENT "${of_host}" @ONLY)
  list(APPEND qgraft_host_protos "${qgraft_host_folder}/host/${name}.proto")
  list(APPEND qgraft_host_sources
    "${qgraft_host_folder}/host/${name}.pb.cc" "${qgraft_host_folder}/host/${name}.pb.h")
endforeach()

add_custom_command(
  OUTPUT ${qgraft_host_sources}
  COMMAND protobuf::protoc "--proto_path=${qgraft_host_folder}" "--cpp_out=${qgraft_host_folder}" ${qgraft_host_protos}
  DEPENDS ${qgraft_host_protos} protobuf::protoc
  COMMENT "Generating the messages of a host"
  VERBATIM)
add_library(qgraft_host_messages STATIC ${qgraft_host_sources})
target_include_directories(qgraft_host_messages SYSTEM PUBLIC "${qgraft_host_folder}")
target_link_libraries(qgraft_host_messages PUBLIC protobuf::libprotobuf)
target_compile_options(qgraft_host_messages PRIVATE -w)

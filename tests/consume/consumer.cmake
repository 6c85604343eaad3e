# What the consuming projects share: the program, linked with the core and with the adapters asked for.
# SPDX-License-Identifier: Apache-2.0
add_executable(consumer "${CMAKE_CURRENT_LIST_DIR}/main.cpp")
target_link_libraries(consumer PRIVATE qgraft::qgraft)
foreach(adapter IN LISTS CONSUME_ADAPTERS)
  target_link_libraries(consumer PRIVATE qgraft::${adapter})
  string(TOUPPER "CONSUME_${adapter}" definition)
  target_compile_definitions(consumer PRIVATE ${definition})
endforeach()

# Finds what the component graphdef needs, for the build and for the installed package; else qgraft_graphdef_lacks says what.
# SPDX-License-Identifier: Apache-2.0
set(qgraft_graphdef_lacks "")

# Releases of protobuf from 22 on need their own package file; older ones often come without it.
find_package(Protobuf CONFIG QUIET)
if(NOT Protobuf_FOUND)
  find_package(Protobuf MODULE QUIET)
endif()

if(NOT TARGET protobuf::libprotobuf)
  set(qgraft_graphdef_lacks "protobuf was not found (on Debian: apt-get install libprotobuf-dev)")
elseif(qgraft_builds_adapter AND NOT TARGET protobuf::protoc)
  set(qgraft_graphdef_lacks "protobuf's compiler was not found (on Debian: apt-get install protobuf-compiler)")
endif()

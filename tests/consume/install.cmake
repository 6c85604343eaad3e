# cmake -DBUILD=... -DPREFIX=... -DHEADERS=<include folder>;... -P install.cmake: installs, and looks for every header.
# SPDX-License-Identifier: Apache-2.0
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}" OUTPUT_QUIET
  COMMAND_ERROR_IS_FATAL ANY)
foreach(folder IN LISTS HEADERS)
  file(GLOB_RECURSE headers RELATIVE "${folder}" "${folder}/*.hpp")
  foreach(header IN LISTS headers)
    if(NOT EXISTS "${PREFIX}/include/${header}")
      message(SEND_ERROR "${header} was not installed")
    endif()
  endforeach()
endforeach()

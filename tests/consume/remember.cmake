# Remembers what unpolluted.cmake compares after qgraft has been added.
# SPDX-License-Identifier: Apache-2.0
set(watched_variables CMAKE_CXX_FLAGS CMAKE_CXX_STANDARD CMAKE_CXX_EXTENSIONS CMAKE_RUNTIME_OUTPUT_DIRECTORY
  CMAKE_BUILD_TYPE CMAKE_EXPORT_COMPILE_COMMANDS CMAKE_MODULE_PATH)
foreach(variable IN LISTS watched_variables)
  set(before_${variable} "${${variable}}")
endforeach()

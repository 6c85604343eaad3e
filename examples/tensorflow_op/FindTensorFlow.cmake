# find_package(TensorFlow): the target TensorFlow::framework, the headers and the library of the TensorFlow that Python3 imports.
# SPDX-License-Identifier: Apache-2.0
#
# Set Python3_EXECUTABLE to choose a Python.
find_package(Python3 QUIET COMPONENTS Interpreter)
if(Python3_FOUND AND NOT TensorFlow_LIBRARY)
  # A line each: version, library, compile flags.
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env TF_CPP_MIN_LOG_LEVEL=3 "${Python3_EXECUTABLE}" -c "
import os, tensorflow as tf
names = [flag[3:] for flag in tf.sysconfig.get_link_flags() if flag.startswith('-l:')]
print(tf.__version__, os.path.join(tf.sysconfig.get_lib(), names[0]), *tf.sysconfig.get_compile_flags(), sep='\\n')"
    OUTPUT_VARIABLE TensorFlow_lines
    ERROR_VARIABLE TensorFlow_trouble
    RESULT_VARIABLE TensorFlow_failure)
  if(TensorFlow_failure)
    set(TensorFlow_reason "${Python3_EXECUTABLE} cannot import it: ${TensorFlow_trouble}")
  else()
    string(STRIP "${TensorFlow_lines}" TensorFlow_lines)
    string(REPLACE "\n" ";" TensorFlow_lines "${TensorFlow_lines}")
    list(POP_FRONT TensorFlow_lines TensorFlow_version TensorFlow_library)
    set(TensorFlow_VERSION "${TensorFlow_version}" CACHE INTERNAL "")
    set(TensorFlow_LIBRARY "${TensorFlow_library}" CACHE INTERNAL "")
    set(TensorFlow_COMPILE_FLAGS "${TensorFlow_lines}" CACHE INTERNAL "")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TensorFlow REQUIRED_VARS TensorFlow_LIBRARY VERSION_VAR TensorFlow_VERSION
  REASON_FAILURE_MESSAGE "${TensorFlow_reason}")

if(TensorFlow_FOUND AND NOT TARGET TensorFlow::framework)
  add_library(TensorFlow::framework SHARED IMPORTED)
  set_target_properties(TensorFlow::framework PROPERTIES IMPORTED_LOCATION "${TensorFlow_LIBRARY}")
  foreach(flag IN LISTS TensorFlow_COMPILE_FLAGS)
    if(flag MATCHES "^-I(.+)$")
      target_include_directories(TensorFlow::framework SYSTEM INTERFACE "${CMAKE_MATCH_1}")
    elseif(NOT flag MATCHES "^--?std=")
      # Not its -std=c++17: the headers take C++20 too, which qgraft needs.
      target_compile_options(TensorFlow::framework INTERFACE "${flag}")
    endif()
  endforeach()
endif()

# find_package(PyTorch): the target PyTorch::cpu, the headers and the libraries of the PyTorch that Python3 imports.
# SPDX-License-Identifier: Apache-2.0
#
# Set Python3_EXECUTABLE to choose a Python. PyTorch's own find_package(Torch) would ask for all that its libraries were
# built with, CUDA for one.
find_package(Python3 QUIET COMPONENTS Interpreter)
if(Python3_FOUND AND NOT PyTorch_LIBRARY)
  # A line each: version, ABI, folder.
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" -c "
import os, torch
print(torch.__version__, int(torch._C._GLIBCXX_USE_CXX11_ABI), os.path.dirname(torch.__file__), sep='\\n')"
    OUTPUT_VARIABLE PyTorch_lines
    ERROR_VARIABLE PyTorch_trouble
    RESULT_VARIABLE PyTorch_failure)
  if(PyTorch_failure)
    set(PyTorch_reason "${Python3_EXECUTABLE} cannot import it: ${PyTorch_trouble}")
  else()
    string(STRIP "${PyTorch_lines}" PyTorch_lines)
    string(REPLACE "\n" ";" PyTorch_lines "${PyTorch_lines}")
    list(POP_FRONT PyTorch_lines PyTorch_version PyTorch_abi PyTorch_folder)
    # Without what follows the numbers: 2.15.0+cpu, 1.13.0a0
    string(REGEX MATCH "^[0-9.]*[0-9]" PyTorch_version "${PyTorch_version}")
    set(PyTorch_VERSION "${PyTorch_version}" CACHE INTERNAL "")
    set(PyTorch_ABI "${PyTorch_abi}" CACHE INTERNAL "")
    # Debian has the libraries elsewhere, and the headers behind a link in the same folder.
    find_path(PyTorch_INCLUDE_DIR torch/library.h PATHS "${PyTorch_folder}/include" NO_DEFAULT_PATH)
    find_library(PyTorch_LIBRARY torch_cpu HINTS "${PyTorch_folder}/lib")
    find_library(PyTorch_C10_LIBRARY c10 HINTS "${PyTorch_folder}/lib")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PyTorch REQUIRED_VARS PyTorch_LIBRARY PyTorch_C10_LIBRARY PyTorch_INCLUDE_DIR
  VERSION_VAR PyTorch_VERSION REASON_FAILURE_MESSAGE "${PyTorch_reason}")

if(PyTorch_FOUND AND NOT TARGET PyTorch::cpu)
  add_library(PyTorch::cpu INTERFACE IMPORTED)
  target_link_libraries(PyTorch::cpu INTERFACE "${PyTorch_LIBRARY}" "${PyTorch_C10_LIBRARY}")
  target_include_directories(PyTorch::cpu SYSTEM INTERFACE
    "${PyTorch_INCLUDE_DIR}" "${PyTorch_INCLUDE_DIR}/torch/csrc/api/include")
  target_compile_definitions(PyTorch::cpu INTERFACE "_GLIBCXX_USE_CXX11_ABI=${PyTorch_ABI}")
endif()

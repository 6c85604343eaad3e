# find_package(qgraft CONFIG [COMPONENTS graphdef boost_graph property_tree]): the target qgraft::qgraft, and one a component.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/qgraft-targets.cmake")

set(qgraft_FOUND TRUE)
foreach(component IN LISTS qgraft_FIND_COMPONENTS)
  if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/qgraft-${component}-targets.cmake")
    include("${CMAKE_CURRENT_LIST_DIR}/qgraft-${component}-requires.cmake")
  else()
    set(qgraft_${component}_lacks "this installation of qgraft was built without it")
  endif()

  if(NOT qgraft_${component}_lacks)
    include("${CMAKE_CURRENT_LIST_DIR}/qgraft-${component}-targets.cmake")
    set(qgraft_${component}_FOUND TRUE)
  else()
    set(qgraft_${component}_FOUND FALSE)
    if(qgraft_FIND_REQUIRED_${component})
      set(qgraft_FOUND FALSE)
      string(APPEND qgraft_NOT_FOUND_MESSAGE
        "qgraft's component ${component} cannot be had: ${qgraft_${component}_lacks}. ")
    endif()
  endif()
endforeach()

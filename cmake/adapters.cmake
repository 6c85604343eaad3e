# Adds an adapter's target where its third party is found and its option does not forbid it.
# SPDX-License-Identifier: Apache-2.0

set(qgraft_adapters)

# qgraft_add_adapter(<name>): the adapter of adapters/<name>, under the option QGRAFT_<NAME>.
# A macro, for find_package's variables and imported targets belong to the calling directory.
macro(qgraft_add_adapter adapter)
  string(TOUPPER "QGRAFT_${adapter}" qgraft_option)
  set(${qgraft_option} AUTO CACHE STRING "The adapter ${adapter}: ON, OFF, or AUTO (where its third party is found)")
  set_property(CACHE ${qgraft_option} PROPERTY STRINGS AUTO ON OFF)
  if(${qgraft_option})
    set(qgraft_builds_adapter ON)
    include("${CMAKE_CURRENT_LIST_DIR}/cmake/qgraft-${adapter}-requires.cmake")
    unset(qgraft_builds_adapter)
    qgraft_share_imported_targets()
    if(NOT qgraft_${adapter}_lacks)
      if(QGRAFT_INSTALL)
        add_subdirectory(adapters/${adapter})
      else()
        # Built where it is linked, and not among what the parent project builds and installs.
        add_subdirectory(adapters/${adapter} EXCLUDE_FROM_ALL)
      endif()
      list(APPEND qgraft_adapters ${adapter})
    elseif(${qgraft_option} STREQUAL "AUTO")
      message(STATUS "qgraft: the adapter ${adapter} is left out: ${qgraft_${adapter}_lacks}")
    else()
      message(FATAL_ERROR "${qgraft_option} is ON, but ${qgraft_${adapter}_lacks}")
    endif()
  endif()
endmacro()

# Imported targets end at the directory that found them; a project that adds this one links them through the adapters.
function(qgraft_share_imported_targets)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    set_property(TARGET ${target} PROPERTY IMPORTED_GLOBAL TRUE)
  endforeach()
endfunction()

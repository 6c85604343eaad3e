# Finds what the component property_tree needs, for the build and for the installed package; else qgraft_property_tree_lacks says what.
# SPDX-License-Identifier: Apache-2.0
set(qgraft_property_tree_lacks "")

find_package(Boost 1.70 CONFIG QUIET)
find_package(nlohmann_json 3.9 CONFIG QUIET)

if(NOT TARGET Boost::headers)
  set(qgraft_property_tree_lacks "Boost, 1.70 or later, was not found (on Debian: apt-get install libboost-dev)")
elseif(NOT TARGET nlohmann_json::nlohmann_json)
  set(qgraft_property_tree_lacks
    "nlohmann json, 3.9 or later, was not found (on Debian: apt-get install nlohmann-json3-dev)")
endif()

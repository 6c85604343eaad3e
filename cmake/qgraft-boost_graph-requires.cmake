# Finds what the component boost_graph needs, for the build and for the installed package; else qgraft_boost_graph_lacks says what.
# SPDX-License-Identifier: Apache-2.0
set(qgraft_boost_graph_lacks "")

find_package(Boost 1.70 CONFIG QUIET)

if(NOT TARGET Boost::headers)
  set(qgraft_boost_graph_lacks "Boost, 1.70 or later, was not found (on Debian: apt-get install libboost-dev)")
endif()

# Install rules of the core, of graphdef's headers and of the package; an adapter's own are in its CMakeLists.txt.
# SPDX-License-Identifier: Apache-2.0
include(CMakePackageConfigHelpers)

set(qgraft_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/qgraft")

install(DIRECTORY include/ adapters/graphdef/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(TARGETS qgraft qgraft_graphdef_headers EXPORT qgraft-targets)
install(EXPORT qgraft-targets NAMESPACE qgraft:: DESTINATION "${qgraft_package_dir}")
foreach(adapter IN LISTS qgraft_adapters)
  install(EXPORT qgraft-${adapter}-targets NAMESPACE qgraft:: DESTINATION "${qgraft_package_dir}")
  install(FILES cmake/qgraft-${adapter}-requires.cmake DESTINATION "${qgraft_package_dir}")
endforeach()

write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/qgraft-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES cmake/qgraft-config.cmake "${CMAKE_CURRENT_BINARY_DIR}/qgraft-config-version.cmake"
  DESTINATION "${qgraft_package_dir}")

# The prefix is written relative to the file, so that an installed tree can be moved.
set(pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")
file(RELATIVE_PATH qgraft_up_to_prefix "/prefix/${pkgconfig_dir}" "/prefix")
configure_file(cmake/qgraft.pc.in qgraft.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/qgraft.pc" DESTINATION "${pkgconfig_dir}")

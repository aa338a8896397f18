# The two libraries that others link, and what `cmake --install` lays down for them: headers, archives, a CMake
# package and pkg-config files.
#   pairwire::peer     WebRTC alone
#   pairwire::session  adds pairing by code and the signaling client
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# pairwire_product(NAME BOXES box... LINK ...): one archive out of the objects of several boxes.
function(pairwire_product name)
  cmake_parse_arguments(ARG "" "" "BOXES;LINK" ${ARGN})
  set(objects)
  foreach(box IN LISTS ARG_BOXES)
    list(APPEND objects $<TARGET_OBJECTS:${box}>)
  endforeach()
  add_library(pairwire_lib_${name} STATIC ${objects})
  add_library(pairwire::${name} ALIAS pairwire_lib_${name})
  set_target_properties(pairwire_lib_${name} PROPERTIES
    OUTPUT_NAME pairwire_${name} EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
  target_compile_features(pairwire_lib_${name} INTERFACE cxx_std_20)
  target_include_directories(pairwire_lib_${name} INTERFACE
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(pairwire_lib_${name} INTERFACE ${ARG_LINK})
  if(PAIRWIRE_SANITIZE)
    target_link_options(pairwire_lib_${name} INTERFACE $<BUILD_INTERFACE:-fsanitize=${PAIRWIRE_SANITIZE}>)
  endif()
  install(TARGETS pairwire_lib_${name} EXPORT pairwire ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
  configure_file("${CMAKE_SOURCE_DIR}/.cmake/pairwire-${name}.pc.in" "${CMAKE_BINARY_DIR}/pairwire-${name}.pc" @ONLY)
  install(FILES "${CMAKE_BINARY_DIR}/pairwire-${name}.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
endfunction()

pairwire_product(peer
  BOXES pairwire_base pairwire_udp pairwire_capture pairwire_sdp pairwire_negotiation pairwire_ice pairwire_net pairwire_dtls
        pairwire_sctp pairwire_connection
  LINK tl::expected Threads::Threads OpenSSL::SSL OpenSSL::Crypto nice gio-2.0 gobject-2.0 glib-2.0 ${PAIRWIRE_USRSCTP_SHARED})
pairwire_link_usrsctp_copies(pairwire_lib_peer)
pairwire_product(session
  BOXES pairwire_signaling_protocol pairwire_signaling_client pairwire_auth pairwire_delivery pairwire_bulk pairwire_sync pairwire_group
        pairwire_session
  LINK pairwire_lib_peer sodium)

install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/pairwire" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(EXPORT pairwire NAMESPACE pairwire:: FILE pairwire-targets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pairwire COMPONENT library)
configure_package_config_file("${CMAKE_SOURCE_DIR}/.cmake/pairwire-config.cmake.in"
  "${CMAKE_BINARY_DIR}/pairwire-config.cmake" INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pairwire)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/pairwire-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/pairwire-config.cmake" "${CMAKE_BINARY_DIR}/pairwire-config-version.cmake"
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pairwire COMPONENT library)
install(TARGETS pairwire-relay pairwire-display pairwire-controller DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)

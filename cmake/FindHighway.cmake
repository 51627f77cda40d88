# Highway, vector instructions chosen at run time: target Highway::Highway. Installed beside longstateConfig.cmake, since a
# static longstate needs it.
find_path(HIGHWAY_INCLUDE_DIR hwy/highway.h)
find_library(HIGHWAY_LIBRARY hwy)
mark_as_advanced(HIGHWAY_INCLUDE_DIR HIGHWAY_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Highway DEFAULT_MSG HIGHWAY_LIBRARY HIGHWAY_INCLUDE_DIR)

if(HIGHWAY_FOUND AND NOT TARGET Highway::Highway)
  add_library(Highway::Highway INTERFACE IMPORTED)
  set_target_properties(Highway::Highway PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${HIGHWAY_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${HIGHWAY_LIBRARY}")
  if(NOT HIGHWAY_LIBRARY MATCHES "\\.a$")
    set_target_properties(Highway::Highway PROPERTIES INTERFACE_COMPILE_DEFINITIONS HWY_SHARED_DEFINE)
  endif()
endif()

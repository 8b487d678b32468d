# For find_package(zstd CONFIG).
#
# Targets: zstd::libzstd_shared, zstd::libzstd_static, and zstd::libzstd, which is the shared one.
# All paths are found from where this file is, so that the whole prefix may be moved.

include(CMakeFindDependencyMacro)
find_dependency(Threads)

# The library folder: two up from lib/cmake/zstd, or a folder beside or below that one, where the
# library folder is lib64 or lib/ARCHITECTURE.
set(_zstd_base "${CMAKE_CURRENT_LIST_DIR}/../..")
file(GLOB _zstd_below "${_zstd_base}/*-linux-*")
foreach(_zstd_dir IN ITEMS "${_zstd_base}" "${_zstd_base}/${CMAKE_LIBRARY_ARCHITECTURE}"
                           "${_zstd_base}/../lib64" LISTS _zstd_below)
  if(EXISTS "${_zstd_dir}/libzstd.so.1.5.7" OR EXISTS "${_zstd_dir}/libzstd.a")
    get_filename_component(_zstd_libdir "${_zstd_dir}" ABSOLUTE)
    break()
  endif()
endforeach()

# The nearest include/ above.
set(_zstd_dir "${_zstd_base}")
foreach(_zstd_step RANGE 3)
  set(_zstd_dir "${_zstd_dir}/..")
  if(EXISTS "${_zstd_dir}/include/zstd.h")
    get_filename_component(_zstd_include "${_zstd_dir}/include" ABSOLUTE)
    break()
  endif()
endforeach()

set(zstd_FOUND FALSE)
if(_zstd_libdir AND _zstd_include)
  set(zstd_FOUND TRUE)

  if(EXISTS "${_zstd_libdir}/libzstd.so.1.5.7" AND NOT TARGET zstd::libzstd_shared)
    add_library(zstd::libzstd_shared SHARED IMPORTED)
    set_target_properties(zstd::libzstd_shared PROPERTIES
      IMPORTED_LOCATION "${_zstd_libdir}/libzstd.so.1.5.7"
      IMPORTED_SONAME "libzstd.so.1"
      INTERFACE_INCLUDE_DIRECTORIES "${_zstd_include}")
  endif()

  if(EXISTS "${_zstd_libdir}/libzstd.a" AND NOT TARGET zstd::libzstd_static)
    add_library(zstd::libzstd_static STATIC IMPORTED)
    set_target_properties(zstd::libzstd_static PROPERTIES
      IMPORTED_LOCATION "${_zstd_libdir}/libzstd.a"
      IMPORTED_LINK_INTERFACE_LANGUAGES "C"
      INTERFACE_LINK_LIBRARIES Threads::Threads
      INTERFACE_INCLUDE_DIRECTORIES "${_zstd_include}")
  endif()

  if(NOT TARGET zstd::libzstd)
    add_library(zstd::libzstd INTERFACE IMPORTED)
    if(TARGET zstd::libzstd_shared)
      set_target_properties(zstd::libzstd PROPERTIES
        INTERFACE_LINK_LIBRARIES zstd::libzstd_shared)
    else()
      set_target_properties(zstd::libzstd PROPERTIES
        INTERFACE_LINK_LIBRARIES zstd::libzstd_static)
    endif()
  endif()
endif()

foreach(_zstd_name IN ITEMS base below dir step libdir include)
  unset(_zstd_${_zstd_name})
endforeach()

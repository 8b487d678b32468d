# For find_package(ZLIB CONFIG [COMPONENTS shared static]).
#
# Targets:   ZLIB::ZLIB (the shared library), ZLIB::ZLIBSTATIC (the archive).
# Variables: ZLIB_INCLUDE_DIRS, ZLIB_LIBRARIES, as CMake's own FindZLIB sets them.
# All paths are found from where this file is, so that the whole prefix may be moved.

# The library folder: two up from lib/cmake/zlib, or a folder beside or below that one, where the
# library folder is lib64 or lib/ARCHITECTURE.
set(_zlib_base "${CMAKE_CURRENT_LIST_DIR}/../..")
file(GLOB _zlib_below "${_zlib_base}/*-linux-*")
foreach(_zlib_dir IN ITEMS "${_zlib_base}" "${_zlib_base}/${CMAKE_LIBRARY_ARCHITECTURE}"
                           "${_zlib_base}/../lib64" LISTS _zlib_below)
  if(EXISTS "${_zlib_dir}/libz.so.1.3.2" OR EXISTS "${_zlib_dir}/libz.a")
    get_filename_component(_zlib_libdir "${_zlib_dir}" ABSOLUTE)
    break()
  endif()
endforeach()

# The nearest include/ above.
set(_zlib_dir "${_zlib_base}")
foreach(_zlib_step RANGE 3)
  set(_zlib_dir "${_zlib_dir}/..")
  if(EXISTS "${_zlib_dir}/include/zlib.h")
    get_filename_component(_zlib_include "${_zlib_dir}/include" ABSOLUTE)
    break()
  endif()
endforeach()

set(ZLIB_FOUND FALSE)
if(_zlib_libdir AND _zlib_include)
  set(ZLIB_FOUND TRUE)
  set(ZLIB_INCLUDE_DIRS "${_zlib_include}")

  if(EXISTS "${_zlib_libdir}/libz.so.1.3.2")
    set(ZLIB_shared_FOUND TRUE)
    if(NOT TARGET ZLIB::ZLIB)
      add_library(ZLIB::ZLIB SHARED IMPORTED)
      set_target_properties(ZLIB::ZLIB PROPERTIES
        IMPORTED_LOCATION "${_zlib_libdir}/libz.so.1.3.2"
        IMPORTED_SONAME "libz.so.1"
        INTERFACE_INCLUDE_DIRECTORIES "${_zlib_include}")
    endif()
    set(ZLIB_LIBRARIES ZLIB::ZLIB)
  endif()

  if(EXISTS "${_zlib_libdir}/libz.a")
    set(ZLIB_static_FOUND TRUE)
    if(NOT TARGET ZLIB::ZLIBSTATIC)
      add_library(ZLIB::ZLIBSTATIC STATIC IMPORTED)
      set_target_properties(ZLIB::ZLIBSTATIC PROPERTIES
        IMPORTED_LOCATION "${_zlib_libdir}/libz.a"
        IMPORTED_LINK_INTERFACE_LANGUAGES "C"
        INTERFACE_LINK_LIBRARIES "-pthread"
        INTERFACE_INCLUDE_DIRECTORIES "${_zlib_include}")
    endif()
    if(NOT ZLIB_LIBRARIES)
      set(ZLIB_LIBRARIES ZLIB::ZLIBSTATIC)
    endif()
  endif()
endif()

foreach(_zlib_component IN LISTS ZLIB_FIND_COMPONENTS)
  if(ZLIB_FIND_REQUIRED_${_zlib_component} AND NOT ZLIB_${_zlib_component}_FOUND)
    set(ZLIB_FOUND FALSE)
    set(ZLIB_NOT_FOUND_MESSAGE "zlib here has no component ${_zlib_component}")
  endif()
endforeach()

foreach(_zlib_name IN ITEMS base below dir step libdir include component)
  unset(_zlib_${_zlib_name})
endforeach()

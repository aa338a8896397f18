# What nearly every file includes, compiled once: for the tests, and in the sanitizers' builds for the boxes, too. A third of
# the time that they take. Files include what they use all the same.
#
# Headers are named as <...> here and every path is relative to the build directory, so that ccache finds in a second
# checkout what it compiled in the first. CMake's own way for clang hides the header's path behind -Xclang, where ccache
# does not look.

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include <PCH_HEADER>)
endif()

# pairwire_precompile(TARGET <header>...): for use in the scope of the directory that made the target.
macro(pairwire_precompile target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    file(RELATIVE_PATH pairwire_precompile_dir "${CMAKE_BINARY_DIR}" "${CMAKE_CURRENT_BINARY_DIR}")
    if(pairwire_precompile_dir)
      string(APPEND pairwire_precompile_dir "/")
    endif()
    set(CMAKE_CXX_COMPILE_OPTIONS_CREATE_PCH -Xclang -emit-pch -Xclang -include
      -Xclang "${pairwire_precompile_dir}CMakeFiles/${target}.dir/cmake_pch.hxx" -x c++-header)
    # The header that CMake writes is as old as the checkout; what it says is what counts.
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  target_precompile_headers(${target} PRIVATE ${ARGN})
endmacro()

if(PAIRWIRE_SANITIZE)
  add_library(pairwire_box_headers STATIC "${CMAKE_SOURCE_DIR}/.cmake/precompiled.cc")
  target_link_libraries(pairwire_box_headers PRIVATE pairwire_options)
  target_compile_options(pairwire_box_headers PRIVATE -pthread)
  pairwire_precompile(pairwire_box_headers
    <algorithm> <array> <chrono> <cstdint> <cstring> <deque> <functional> <map> <memory> <mutex> <optional> <set> <span>
    <string> <string_view> <tl/expected.hpp> <unordered_map> <utility> <variant> <vector>)
endif()

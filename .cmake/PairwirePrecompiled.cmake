# What nearly every file includes, compiled once: for the tests, and in the sanitizers' builds for the boxes, too. A third of
# the time that they take. Files include what they use all the same.
#
# Headers are named as <...> here, so that ccache finds in a second checkout what g++ compiled in the first. clang writes
# the path of the header that CMake made into what it precompiles and looks for it there; CMake's options for clang hold
# that path, so that ccache keeps apart what is of another checkout. They must.

# pairwire_precompile(TARGET <header>...)
function(pairwire_precompile target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # The header that CMake writes is as old as the checkout; what it says is what counts.
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  target_precompile_headers(${target} PRIVATE ${ARGN})
endfunction()

if(PAIRWIRE_SANITIZE)
  add_library(pairwire_box_headers STATIC "${CMAKE_SOURCE_DIR}/.cmake/precompiled.cc")
  target_link_libraries(pairwire_box_headers PRIVATE pairwire_options)
  target_compile_options(pairwire_box_headers PRIVATE -pthread)
  pairwire_precompile(pairwire_box_headers
    <algorithm> <array> <chrono> <cstdint> <cstring> <deque> <functional> <map> <memory> <mutex> <optional> <set> <span>
    <string> <string_view> <tl/expected.hpp> <unordered_map> <utility> <variant> <vector>)
endif()

# Language level, warnings, hardening and sanitizers, for every target of the tree.
# Whoever only builds the programs needs no GoogleTest; tests/run.sh asks for ON.
find_package(GTest 1.12 QUIET)
option(PAIRWIRE_BUILD_TESTS "Build the tests" ${GTest_FOUND})
option(PAIRWIRE_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(PAIRWIRE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: 'address,undefined', 'thread'")

# usrsctp allocates some ten times a packet, in sizes that glibc does not keep per thread: a quarter of the throughput.
# Programs only: an application that links the library decides for itself (docs/data-channels.md).
set(PAIRWIRE_ALLOCATOR "tcmalloc" CACHE STRING "malloc of the benchmark and the samples: 'tcmalloc', or 'system'")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(PAIRWIRE_CCACHE ccache)
if(PAIRWIRE_CCACHE)
  # base_dir makes paths relative, so that a second checkout finds what the first one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${PAIRWIRE_CCACHE}")
endif()

add_library(pairwire_options INTERFACE)
target_include_directories(pairwire_options INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/include")
target_compile_options(pairwire_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wswitch -Werror -fstack-protector-strong -fcf-protection)
target_compile_definitions(pairwire_options INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(pairwire_options INTERFACE -Wl,-z,relro,-z,now)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these from inside the standard library's own code when it inlines it.
  target_compile_options(pairwire_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
endif()

if(PAIRWIRE_SANITIZE)
  target_compile_options(pairwire_options INTERFACE
    -fsanitize=${PAIRWIRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(pairwire_options INTERFACE -fsanitize=${PAIRWIRE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code gives g++ 12 false alarms of these; the release build keeps them.
    target_compile_options(pairwire_options INTERFACE -Wno-maybe-uninitialized -Wno-tsan)
  endif()
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_options(pairwire_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# The libraries heft stands on: target, header, library, and the Debian package that brings both.
# ./run and ./test read these lines too, to know what is missing.
find_package(Threads REQUIRED)
set(HEFT_LINK_NAMES) # for pkg-config

function(heft_library target header library package)
  find_path(${target}_include ${header})
  find_library(${target}_library ${library})
  if(NOT ${target}_include OR NOT ${target}_library)
    message(FATAL_ERROR "heft needs ${library} (${header}): install the package ${package}")
  endif()
  mark_as_advanced(${target}_include ${target}_library)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_include})
  target_link_libraries(${target} INTERFACE ${${target}_library})
  set(HEFT_LINK_NAMES ${HEFT_LINK_NAMES} ${library} PARENT_SCOPE)
endfunction()

# As above, for what only the tests need.
function(heft_test_library target)
  if(HEFT_TESTS)
    heft_library(${target} ${ARGN})
  endif()
endfunction()

heft_library(pcre2 pcre2.h pcre2-8 libpcre2-dev)
heft_library(utf8proc utf8proc.h utf8proc libutf8proc-dev)
heft_test_library(cmocka cmocka.h cmocka libcmocka-dev)

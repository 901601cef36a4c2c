# The libraries heft stands on: target, header, library, and the Debian package that brings both.
# This is the one place that names them: ./run and ./test read these lines too.
find_package(Threads REQUIRED)

function(heft_find target header library package)
  find_path(${target}_include ${header})
  find_library(${target}_library ${library})
  if(NOT ${target}_include OR NOT ${target}_library)
    message(FATAL_ERROR "heft needs ${library} (${header}): install the package ${package}")
  endif()
  mark_as_advanced(${target}_include ${target}_library)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_include})
  target_link_libraries(${target} INTERFACE ${${target}_library})
endfunction()

# Everything that libheft links: heft_libraries; for pkg-config, HEFT_LINK_NAMES.
add_library(heft_libraries INTERFACE)
target_link_libraries(heft_libraries INTERFACE Threads::Threads m)
set(HEFT_LINK_NAMES)
macro(heft_library target header library package)
  heft_find(${target} ${header} ${library} ${package})
  target_link_libraries(heft_libraries INTERFACE ${target})
  list(APPEND HEFT_LINK_NAMES ${library})
endmacro()

# What only the program needs: heft_program_libraries.
add_library(heft_program_libraries INTERFACE)
macro(heft_program_library target header library package)
  heft_find(${target} ${header} ${library} ${package})
  target_link_libraries(heft_program_libraries INTERFACE ${target})
endmacro()

# What only the tests need.
macro(heft_test_library target header library package)
  if(HEFT_TESTS)
    heft_find(${target} ${header} ${library} ${package})
  endif()
endmacro()

heft_library(pcre2 pcre2.h pcre2-8 libpcre2-dev)
heft_library(utf8proc utf8proc.h utf8proc libutf8proc-dev)
heft_library(jansson jansson.h jansson libjansson-dev)
heft_program_library(edit histedit.h edit libedit-dev)
heft_test_library(cmocka cmocka.h cmocka libcmocka-dev)

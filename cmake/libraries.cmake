# The libraries heft stands on, each with the Debian package that brings it.
find_package(Threads REQUIRED)

function(heft_library target header library package)
  find_path(${target}_include ${header})
  find_library(${target}_library ${library})
  if(NOT ${target}_include OR NOT ${target}_library)
    message(FATAL_ERROR "heft needs ${library} (${header}): install the package ${package}")
  endif()
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_include})
  target_link_libraries(${target} INTERFACE ${${target}_library})
endfunction()

heft_library(pcre2 pcre2.h pcre2-8 libpcre2-dev)
heft_library(utf8proc utf8proc.h utf8proc libutf8proc-dev)
if(HEFT_TESTS)
  heft_library(cmocka cmocka.h cmocka libcmocka-dev)
endif()

"""What stands for @rules_cc, which Bazel would fetch: its rules are Bazel's own in this version."""

cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite

def _compiler_flag(_):
    return [config_common.FeatureFlagInfo(value = "gcc")]

compiler_flag = rule(implementation = _compiler_flag)

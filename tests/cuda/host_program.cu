// host_program.cpp, compiled by nvcc: its functors are those of the device.
// SPDX-License-Identifier: Apache-2.0
#include "host_program.cpp"

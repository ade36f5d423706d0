# SPDX-License-Identifier: Apache-2.0
"""Python to TTL: the kernel scope has run, the threads are compiled from their syntax trees."""

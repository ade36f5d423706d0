# SPDX-License-Identifier: Apache-2.0
"""Canonicalization patterns, one file per dialect."""

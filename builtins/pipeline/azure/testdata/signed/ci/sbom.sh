#!/bin/sh
set -e
syft "$1" -o spdx-json

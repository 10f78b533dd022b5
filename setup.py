"""The folders at the top install as subpackages of nngen; everything static stands in pyproject.toml."""

from setuptools import find_packages, setup

ROOMS = ("compiler", "sim", "flows")  # Python below them is found, so no new subpackage is ever forgotten
DATA = ("cells", "templates")  # one package each; their files are package data

packages = ["nngen", *(f"nngen.{p}" for p in find_packages("nngen"))]
package_dir = {"nngen": "nngen"}
for room in ROOMS:
    packages += [f"nngen.{room}", *(f"nngen.{room}.{p}" for p in find_packages(room))]
    package_dir[f"nngen.{room}"] = room
for folder in DATA:
    packages.append(f"nngen.{folder}")
    package_dir[f"nngen.{folder}"] = folder

setup(packages=packages, package_dir=package_dir)

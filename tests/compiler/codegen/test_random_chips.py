"""Networks on chips of several cores: whatever the mapping, the programs say in which order memory is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.arch import Architecture
from nngen.compiler.mapper import map_network
from nngen.errors import CapacityError, MappingError
from nngen.ir import CoreProgram, Exchange, Mapping, Network, Program
from nngen.isa import Instruction
from tests.compiler.builders import chip, perceptron
from tests.compiler.chips import random_chip_mapping, random_cores
from tests.compiler.codegen import test_random_networks, test_random_vector_networks
from tests.compiler.execution import compile_mapping
from tests.compiler.order import find_disorder
from tests.compiler.randoms import random_chip, random_network
from tests.compiler.vector_randoms import random_vector_chip, random_vector_network

"""nova-compute as Nova ships it, which finds a driver of ours beside its own.

Nova loads hypervisor drivers from the package nova.virt alone. A package is searched in the folders that
its __path__ names, so one more folder there is enough, and no file of Nova's changes.
"""

import sys
from pathlib import Path

from nova import virt
from nova.cmd import compute


def main():
    virt.__path__.append(str(Path(__file__).parent))
    # The name under which it logs and looks for its configuration.
    sys.argv[0] = "nova-compute"
    compute.main()


if __name__ == "__main__":
    main()

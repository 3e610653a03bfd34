"""What travels on both sides of the link: recorded by dumpcap, decoded by tshark."""

import signal
import subprocess
import time

from .namespaces import end


class Capture:
    """Records one namespace's eth0 into a file, from the return of `start` to `stop`."""

    def __init__(self, network, namespace, path):
        self.path = path
        command = ["dumpcap", "-q", "-i", "eth0", "-B", "64", "-w", str(path)]
        self.process = network.start(namespace, command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith("File:"):
                return
        raise RuntimeError(f"dumpcap did not start in {namespace}")

    def stop(self):
        # What has just arrived is still on its way through the kernel's ring, which dumpcap empties every 250 ms.
        time.sleep(0.4)
        end(self.process, number=signal.SIGINT)
        remarks = self.process.stderr.read()
        self.process.stderr.close()
        if "Packets dropped" in remarks:
            return remarks
        return ""

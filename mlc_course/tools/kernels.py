"A kernel that runs one notebook: its environment, its memory, its end."

import os
import sys
import threading

from mlc_course.machine import quiet_threads


# ---- one lesson --------------------------------------------------------------------------------
def kernel_env(
    profile: str,  # name of the run profile
    base: dict | None = None,  # environment to start from; this process's if left out
) -> dict:  # the environment of a lesson's kernel
    "The variables that a lesson runs with. What the reader has set stays, but for the profile."
    env = dict(os.environ if base is None else base)
    env["MLC_PROFILE"] = profile
    for name in ("IN_TEST", "MPLBACKEND"):
        env.pop(name, None)  # the kernel chooses inline figures
    defaults = dict(
        TF_CPP_MIN_LOG_LEVEL="2",
        PYTHONHASHSEED="0",
        TF_FORCE_GPU_ALLOW_GROWTH="true",
        PYTHONUTF8="1",
    )
    if sys.platform.startswith(
        "linux"
    ):  # glibc keeps big blocks instead of returning them at every step: 1.15-1.5 x faster in fp32
        defaults |= dict(MALLOC_TRIM_THRESHOLD_="-1", MALLOC_MMAP_MAX_="0")
    for k, v in defaults.items():
        env.setdefault(k, v)
    return quiet_threads(env)


def tree_memory_mb(
    pid: int,  # of the kernel
) -> float:  # resident memory of the process and all its children, MB
    "Memory of a process tree now; 0 once it is gone. Pages that processes share count in each."
    import psutil

    total = 0
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for p in processes:
        try:
            total += p.memory_info().rss
        except psutil.Error:
            continue
    return total / 1e6


def kill_tree(
    pid: int | None,  # of the kernel
):
    "End a process and all its children, at once."
    import psutil

    if pid is None:
        return
    try:
        root = psutil.Process(pid)
        processes = [*root.children(recursive=True), root]
    except psutil.Error:
        return
    for p in processes:
        try:
            p.kill()
        except psutil.Error:
            continue


def _client(nb, folder, on_cell):
    "A notebook client whose kernel is this very Python, whatever kernels are installed elsewhere."
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name):
            return KernelSpec(
                argv=[
                    sys.executable,
                    "-Xfrozen_modules=off",
                    "-m",
                    "ipykernel_launcher",
                    "-f",
                    "{connection_file}",
                    "--IPKernelApp.log_level=40",
                ],
                display_name="Python 3",
                language="python",
            )

    km = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisPython())
    client = NotebookClient(
        nb,
        km=km,
        timeout=None,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
        on_cell_start=on_cell,
    )
    client.log.setLevel("CRITICAL")  # what it would log is in our own report
    return client


class Worker(threading.Thread):
    "Executes one notebook; holds what the main thread wants to know meanwhile."

    def __init__(self, nb, folder, env, log):
        super().__init__(daemon=True)
        self.nb, self.env, self.log, self.error = nb, env, log, None
        self.index, self.finished = -1, threading.Event()
        self.client = _client(nb, folder, self._on_cell)

    def _on_cell(self, cell, cell_index):
        self.index = cell_index

    @property
    def pid(self):
        provisioner = getattr(self.client.km, "provisioner", None)
        return getattr(provisioner, "pid", None)

    async def _execute(self):
        try:
            await self.client.async_execute(
                env=self.env, cleanup_kc=False, stdout=self.log, stderr=self.log
            )
        finally:
            if self.client.kc is not None:
                self.client.kc.stop_channels()
            await self.client.km.shutdown_kernel(now=True)

    def run(self):
        import asyncio

        try:
            asyncio.run(self._execute())
        except BaseException as e:
            self.error = e
        finally:
            self.finished.set()

"""What holds for all tests."""

import signal
import threading


def pytest_configure() -> None:
    """A run in the background of a shell is started with Ctrl-C ignored, and so would be all that the tests start."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

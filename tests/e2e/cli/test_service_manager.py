"""What `baton server` tells a service manager (systemd, Type=notify): ready once it answers, alive, at its end."""
import signal
import socket
import unittest

from test_serving import ServingTest


class ServiceManager(ServingTest):
    def environment(self, **extra):
        return super().environment(NOTIFY_SOCKET=str(self.folder / "notify"), WATCHDOG_USEC="300000", **extra)

    def heard(self, line):
        while True:
            lines = self.notify.recv(4096).decode().splitlines()
            if any(text.startswith(line) for text in lines):
                return lines

    def test_it_says_when_it_answers_that_it_turns_and_when_it_ends(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as self.notify:
            self.notify.bind(str(self.folder / "notify"))
            self.notify.settimeout(60)
            process = self.begin("server", "--listen", "127.0.0.1:0", "--dags", "dags")
            said = self.heard("READY=1")
            self.assertTrue(any("http://127.0.0.1:" in line for line in said), said)
            self.assertIn("no DAG", self.baton("trigger", "nothing", code=3).stderr)
            for _ in range(3):
                self.heard("WATCHDOG=1")
            process.send_signal(signal.SIGTERM)
            self.heard("STOPPING=1")
            self.assertEqual(0, process.wait(60))


if __name__ == "__main__":
    unittest.main()

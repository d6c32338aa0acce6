"""Servers of the real profile: each is a task that stays up beside the others, on a free port of loopback.

    python3 -m servers serve redis    the server, until it is told to go: a task of its own, tried again when it is lost
    python3 -m servers up redis       waits until it answers: the setup
    python3 -m servers down redis     tells it to go and waits until it has gone: the teardown

Where it listens stands in the run's work folder, what it keeps in $DATA/servers/NAME: another run, or the same one
after a crash, finds it there under another port. Whoever copies a pipeline with servers copies this file too.
"""
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import task

ENGINES = pathlib.Path(__file__).resolve().parent.parent / "build" / "real"
PATIENCE_SECONDS = 600  # a busy machine needs minutes for what takes a quiet one seconds


def redis(folder, port):
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes",
            "--appendfsync", "everysec", "--save", "", "--daemonize", "no", "--logfile", str(folder / "server.log")]


def kafka(folder, port):
    """One broker that is its own controller. Its storage is formatted once; the ports are new with each start."""
    controller, config = free_port(), folder / "server.properties"
    config.write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder / "log"}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
""")
    java = ["java", "-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            f"-Dorg.slf4j.simpleLogger.logFile={folder / 'server.log'}", "-cp", str(ENGINES / "jars" / "kafka" / "*")]
    if not (folder / "log" / "meta.properties").exists():
        subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", str(config)],
                       check=True)
    return [*java, "kafka.Kafka", str(config)]


def spark(folder, port):
    """Spark Connect: one JVM for all tasks of a run, which are thin clients of it. Set for short jobs on small data."""
    import pyspark  # of the pipeline's environment
    options = {"spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": port,
               "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false",
               "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
               "spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": 1,
               "spark.sql.session.timeZone": "UTC", "spark.log.level": "ERROR",
               "spark.sql.warehouse.dir": folder / "warehouse", "spark.local.dir": folder / "local",
               "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"}
    return [str(pathlib.Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--master", "local[2]",
            "--driver-memory", "1g", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
            *[word for name, value in options.items() for word in ("--conf", f"{name}={value}")]]


def postgres(folder, port):
    """A cluster of its own. PostgreSQL does not run as root: there it is Debian's user `postgres`."""
    data, fresh = folder / "data", folder / "fresh"
    other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if not data.exists():
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        if other:
            shutil.chown(fresh, "postgres", "postgres")
        subprocess.run([*other, postgres_program("initdb"), "--pgdata", str(fresh), "--username=postgres", "--auth=trust",
                        "--encoding=UTF8", "--locale=C"], check=True, cwd="/")
        fresh.rename(data)
    return [*other, postgres_program("postgres"), "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "logging_collector=off"]


def postgres_program(name):
    """Debian keeps the server's programs of each version apart."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda file: int(file.parts[-3]))
    return str(found[-1]) if found else shutil.which(name) or task.fail(f"there is no {name}: install postgresql")


def openlineage(folder, port):
    receiver = pathlib.Path(__file__).resolve().parent / "lineage_audit" / "receiver.py"
    return [sys.executable, str(receiver), str(folder), str(port)]


def mosquitto(folder, port):
    """A broker that forgets nothing that a session has not taken, also when it is killed."""
    config = folder / "mosquitto.conf"
    config.write_text(f"""listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
max_inflight_messages 100
user root
""")
    return [shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto", "-c", str(config)]


SERVERS = {"redis": redis, "kafka": kafka, "spark": spark, "postgres": postgres, "openlineage": openlineage,
           "mosquitto": mosquitto}


@contextlib.contextmanager
def running(name, folder):
    """A server on what lies in a folder; gives its process and port. A second one on the same folder is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            task.fail(f"another {name} works on {folder}", task.EXIT_TRANSIENT)
        port = free_port()
        # The server keeps the lock as long as it lives, also where who started it is killed.
        server = subprocess.Popen(SERVERS[name](folder, port), pass_fds=[lock.fileno()], stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: server.poll() is not None or is_ready(name, port), f"{name} does not answer")
            if server.poll() is not None:
                task.fail(f"{name} ended with {server.returncode}: see {folder}/server.log", task.EXIT_TRANSIENT)
            yield server, port
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def serve(name):
    """The task that is the server. Its end is a success only where `down` has asked for it."""
    place, stop = of_run(name), of_run(name, "stop")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with running(name, task.path("servers", name).resolve()) as (server, port):
        task.write_json(place, {"host": "127.0.0.1", "port": port})
        print(f"{name} answers on 127.0.0.1:{port}")
        try:
            while not stop.exists():
                if server.poll() is not None:
                    task.fail(f"{name} ended by itself with {server.returncode}", task.EXIT_TRANSIENT)
                time.sleep(0.1)
        finally:
            place.unlink(missing_ok=True)
    print(f"{name} was told to go, and has gone")


def up(name):
    """Waits for the server. One that does not come is told to go: nobody would take it away."""
    of_run(name).parent.mkdir(parents=True, exist_ok=True)
    of_run(name, "stop").unlink(missing_ok=True)  # of an earlier try
    try:
        print(f"{name} answers on port {address(name)[1]}")
    except SystemExit:
        of_run(name, "stop").touch()
        raise


def down(name):
    """Tells the server to go. One whose task was killed, or has given up, is gone already: nobody holds its lock."""
    of_run(name).parent.mkdir(parents=True, exist_ok=True)
    of_run(name, "stop").touch()
    wait_for(lambda: not of_run(name).exists() or is_gone(task.path("servers", name)), f"{name} does not go")
    of_run(name).unlink(missing_ok=True)


def is_gone(folder):
    if not folder.exists():
        return True
    with open(folder / "lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def address(name):
    """(host, port) of the run's server. It waits for one that is being started again; exit 75 where none comes."""
    found = []

    def there():
        with contextlib.suppress(FileNotFoundError):
            place = json.loads(of_run(name).read_text())
            found[:] = [place["host"], place["port"]]
        return found and answers(found[1])
    wait_for(there, f"{name} does not answer")
    return tuple(found)


def of_run(name, suffix="json"):
    return pathlib.Path(os.environ["BATON_WORK_DIR"]) / "servers" / f"{name}.{suffix}"


def wait_for(condition, complaint, seconds=PATIENCE_SECONDS):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            task.fail(complaint, task.EXIT_TRANSIENT)
        time.sleep(0.1)


def is_ready(name, port):
    """PostgreSQL takes connections before it takes questions: it says so itself."""
    if name != "postgres":
        return answers(port)
    asked = [postgres_program("pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}", "--username=postgres"]
    return subprocess.run(asked).returncode == 0


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    task.main(serve, up, down)

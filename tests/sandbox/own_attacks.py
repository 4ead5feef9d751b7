"""Attacks of our own: each prints ``GOT`` and what it has reached, and nothing else.

They are run as those of the shared folder are, by ``attack_harness.py``, which looks
from outside at what has changed; ``CFG`` tells them what there is to be reached.
"""

from __future__ import annotations

HEAD = """
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def tried(name, act):
    try: found = act()
    except BaseException: return
    if found not in (None, -1, 0, b'', '', [], False): print('GOT', name, repr(found)[:80])
def done(name, act):
    try: act()
    except BaseException: return
    print('GOT', name)
"""

ATTACKS = {
    "itself_in_proc": """
for name in ('mem', 'maps', 'environ', 'cmdline', 'exe', 'fd/0', 'fd/3', 'root/etc/passwd',
             'cwd/etc/passwd', 'task', 'ns/mnt', 'auxv', 'syscall', 'pagemap', 'status',
             'mountinfo', 'net/unix', 'net/tcp', 'attr/current', 'fdinfo/3', 'map_files'):
    for at in ('/proc/self/', '/proc/thread-self/', f'/proc/{os.getpid()}/', '/dev/fd/../'):
        tried(at + name, lambda: os.read(os.open(at + name, os.O_RDONLY), 8))
""",
    "paths_by_descriptor": """
for flags in (os.O_PATH, os.O_PATH | os.O_DIRECTORY, os.O_DIRECTORY):
    for path in ('/', '.', '..', '/proc', '/proc/self', '/etc', CFG['home']):
        def act():
            at = os.open(path, flags)
            for deep in ('etc/passwd', '../etc/passwd', 'self/environ', 'secret', 'environ'):
                tried(path + ' ' + deep, lambda: os.read(os.open(deep, 0, dir_fd=at), 8))
        tried('open ' + path, act)
for fd in range(4):
    for deep in ('etc/passwd', '../etc/passwd', '../../etc/passwd'):
        tried('at fd', lambda: os.open(deep, 0, dir_fd=fd))
""",
    "other_calls_to_open": """
name = b'/etc/passwd'
tried('openat2', lambda: libc.syscall(437, -100, name, (ctypes.c_uint64 * 3)(), 24) >= 0)
tried('creat', lambda: libc.syscall(85, CFG['home'].encode() + b'/made', 0o666) >= 0)
tried('x32 open', lambda: libc.syscall(0x40000000 | 2, name, 0) >= 0)
tried('x32 execve', lambda: libc.syscall(0x40000000 | 520, b'/bin/true', None, None) >= 0)
tried('x32 fork', lambda: libc.syscall(0x40000000 | 57) >= 0)
tried('handle', lambda: libc.syscall(303, -100, name, ctypes.create_string_buffer(b'\\x80' + bytes(200)), ctypes.byref(ctypes.c_int()), 0) == 0)
tried('uselib', lambda: libc.syscall(134, name) >= 0)
tried('acct', lambda: libc.syscall(163, CFG['home'].encode() + b'/acct') == 0)
tried('swapon', lambda: libc.syscall(167, name, 0) == 0)
tried('quotactl', lambda: libc.syscall(179, 0, name, 0, 0) == 0)
tried('fanotify', lambda: libc.syscall(300, 0, 0) >= 0)
tried('inotify', lambda: libc.syscall(294, 0) >= 0)
tried('name', lambda: libc.syscall(304, -100, None, 0) >= 0)
""",
    "new_kinds_of_mount": """
for number in (428, 430, 431, 432, 433, 442, 165, 161, 155, 166):
    tried(number, lambda: libc.syscall(number, -100, b'/', 0, 0, 0) >= 0)
for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000, 0x2000000, 0x80):
    tried(flag, lambda: libc.unshare(flag) == 0)
tried('setns', lambda: libc.setns(0, 0) == 0)
tried('pivot', lambda: libc.syscall(155, b'/', b'/') == 0)
""",
    "kernel_workers": """
tried('io_uring', lambda: libc.syscall(425, 8, ctypes.create_string_buffer(200)) >= 0)
tried('userfault', lambda: libc.syscall(323, 0) >= 0)
tried('bpf', lambda: libc.syscall(321, 0, ctypes.create_string_buffer(128), 128) >= 0)
tried('perf', lambda: libc.syscall(298, ctypes.create_string_buffer(128), 0, -1, -1, 0) >= 0)
tried('aio', lambda: libc.syscall(206, 8, ctypes.byref(ctypes.c_ulong())) == 0)
tried('memfd', lambda: libc.syscall(319, b'x', 0) >= 0)
tried('secret memory', lambda: libc.syscall(447, 0) >= 0)
tried('landlock', lambda: libc.syscall(444, None, 0, 1 << 20) > 99)
tried('seccomp', lambda: libc.syscall(317, 0, 0, None) == 0)
tried('module', lambda: libc.syscall(313, 0, b'', 0) == 0)
tried('kexec', lambda: libc.syscall(246, 0, 0, None, 0) == 0)
tried('reboot', lambda: libc.syscall(169, 0xfee1dead, 672274793, 0, 0) == 0)
tried('syslog', lambda: libc.syscall(103, 3, ctypes.create_string_buffer(64), 64) > 0)
tried('iopl', lambda: libc.syscall(172, 3) == 0)
""",
    "ways_to_fork": """
import multiprocessing, pty, subprocess
mine = os.getpid()
def child(name, act):
    try: found = act()
    except BaseException: return
    if os.getpid() != mine: os._exit(0)
    if isinstance(found, int) and found < 0: return
    print('GOT', name, found)
child('fork', os.fork)
child('forkpty', lambda: os.forkpty()[0])
child('pty', lambda: pty.fork()[0])
child('vfork', lambda: libc.syscall(58))
child('clone', lambda: libc.syscall(56, 17, 0, 0, 0, 0))
child('clone parent', lambda: libc.syscall(56, 0x8000 | 17, 0, 0, 0, 0))
child('clone3', lambda: libc.syscall(435, (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17), 88))
child('spawn', lambda: os.posix_spawn('/bin/true', ['true'], {}))
child('spawnp', lambda: os.posix_spawnp('true', ['true'], {}))
child('system', lambda: 1 if libc.system(b'true') == 0 else -1)
child('popen', lambda: subprocess.Popen([sys.executable, '-c', '']).pid)
for way in ('fork', 'spawn', 'forkserver'):
    def begin():
        process = multiprocessing.get_context(way).Process(target=print)
        process.start()
        return process.pid
    child(way, begin)
""",
    "ways_to_run_a_program": """
for path in ('/bin/sh', '/bin/true', '/usr/bin/env', '/proc/self/exe', sys.executable, '/lib64/ld-linux-x86-64.so.2', '/usr/bin/sudo', '/usr/bin/ping'):
    done('execv ' + path, lambda: os.execv(path, [path]))
    done('execve ' + path, lambda: os.execve(path, [path], {}))
    tried('execveat ' + path, lambda: libc.syscall(322, -100, path.encode(), None, None, 0) >= 0)
for fd in range(4):
    done('fexecve', lambda: os.execve(fd, ['x'], {}))
import ctypes.util
for name in ('c', 'm', 'crypt', 'ssl'):
    tried('found by running a tool', lambda: ctypes.util._findLib_gcc(name))
""",
    "ways_to_write": """
import dbm, logging, shelve, shutil, sqlite3, tempfile, zipfile
spots = [CFG['home'], '/tmp', '/var/tmp', '/dev/shm', '/run', '.', os.path.dirname(os.__file__)]
for spot in spots:
    path = spot + '/own_attack'
    done('open ' + spot, lambda: open(path, 'x'))
    done('append ' + spot, lambda: open(spot + '/conftest.py', 'a'))
    done('mkdir ' + spot, lambda: os.mkdir(path))
    done('fifo ' + spot, lambda: os.mkfifo(path))
    done('node ' + spot, lambda: os.mknod(path, 0o100666))
    done('symlink ' + spot, lambda: os.symlink('/etc', path))
    done('link ' + spot, lambda: os.link(CFG['secret_path'], path))
    done('rename ' + spot, lambda: os.rename(CFG['project_file'], path))
    done('sqlite ' + spot, lambda: sqlite3.connect(path).execute('create table t (x)'))
    done('zip ' + spot, lambda: zipfile.ZipFile(path, 'w'))
    done('log ' + spot, lambda: logging.FileHandler(path).emit)
    done('shelf ' + spot, lambda: shelve.open(path))
    done('temporary ' + spot, lambda: tempfile.TemporaryFile(dir=spot))
    tried('unnamed ' + spot, lambda: os.open(spot, os.O_TMPFILE | os.O_RDWR) + 1)
done('copy', lambda: shutil.copy(os.__file__, CFG['home']))
""",
    "ways_to_change": """
for path in (CFG['project_file'], CFG['secret_path'], CFG['home'], os.__file__, '/etc/passwd'):
    done('remove', lambda: os.unlink(path))
    done('chmod', lambda: os.chmod(path, 0o777))
    done('chown', lambda: os.chown(path, 1, 1))
    done('utime', lambda: os.utime(path, (1, 1)))
    done('truncate', lambda: os.truncate(path, 0))
    done('attribute', lambda: os.setxattr(path, 'user.x', b'1'))
    tried('attributes', lambda: os.listxattr(path))
    done('rmdir', lambda: os.rmdir(path))
    done('chdir', lambda: os.chdir(path))
    done('truncated at open', lambda: os.open(path, os.O_RDONLY | os.O_TRUNC))
""",
    "more_networks": """
kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)
for family in range(1, 46):
    for kind in kinds:
        for protocol in (0, 1, 6, 17, 132, 255):
            def act():
                s = socket.socket(family, kind, protocol)
                return s.fileno()
            tried((family, int(kind), protocol), act)
""",
    "names_and_addresses": """
import http.client, ssl, urllib.request
tried('dns', lambda: socket.getaddrinfo('localhost', 80, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICSERV) and None)
tried('url', lambda: urllib.request.urlopen(f"http://127.0.0.1:{CFG['tcp_port']}", timeout=1))
tried('http', lambda: http.client.HTTPConnection('127.0.0.1', CFG['tcp_port']).connect() or 1)
tried('server', lambda: socket.create_server(('127.0.0.1', 0)))
tried('six', lambda: socket.create_connection(('::1', CFG['tcp_port']), 1))
tried('file', lambda: urllib.request.urlopen('file:///etc/passwd').read(9))
tried('interfaces', socket.if_nameindex)
""",
    "the_line_itself": """
for fd in (0, 1, 2, 3):
    try: line = socket.socket(fileno=os.dup(fd))
    except OSError: continue
    tried('name', lambda: line.getsockname() or None)
    tried('peer', lambda: line.getpeername() or None)
    done('connect', lambda: line.connect(CFG['unix_path']))
    done('bind', lambda: line.bind('\\0own_attack'))
    done('listen', lambda: line.listen())
    tried('pid of the peer', lambda: line.getsockopt(socket.SOL_SOCKET, 77))
    tried('who', lambda: line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    done('credentials', lambda: line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1))
""",
    "signals_to_others": """
import signal
for pid in {0, -1, 1, os.getppid(), CFG['victim_pid'], CFG['bystander_pid'], -os.getpgrp(), *range(os.getpid() - 6, os.getpid())}:
    for number in (0, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGURG, 40):
        done(('kill', pid, int(number)), lambda: os.kill(pid, number))
        tried(('queue', pid), lambda: libc.syscall(129, pid, int(number), ctypes.create_string_buffer(128)) == 0)
    tried(('pidfd', pid), lambda: libc.syscall(434, pid, 0) >= 0)
tried('group', lambda: os.setpgid(0, 0) or None)
tried('timer for another', lambda: libc.timer_create(0, ctypes.create_string_buffer(b'\\0' * 8 + b'\\x09\\0\\0\\0\\x04', 64), ctypes.create_string_buffer(8)) == 0)
""",
    "more_than_its_share": """
import resource
for what in range(16):
    had = resource.getrlimit(what)
    if had == (-1, -1): continue
    def more():
        resource.setrlimit(what, (-1, -1))
        return resource.getrlimit(what) != had
    tried(('limit', what), more)
tried('nice', lambda: os.nice(-5) < 0)
tried('real time', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(9)) is None)
tried('deadline', lambda: libc.syscall(314, 0, ctypes.create_string_buffer(b'0', 48), 0) == 0)
tried('io class', lambda: libc.syscall(251, 1, 0, 1 << 13) == 0)
tried('locked', lambda: libc.mlockall(3) == 0)
tried('oom', lambda: os.write(os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-1000'))
""",
    "secrets_of_the_process": """
libc.getenv.restype = ctypes.c_char_p
for name in ('OPENAI_API_KEY', 'HF_TOKEN', 'PATH', 'HOME', 'PYTHONPATH', 'LD_PRELOAD'):
    tried('getenv ' + name, lambda: libc.getenv(name.encode()))
    tried('environ ' + name, lambda: os.environ.get(name))
start = ctypes.c_void_p.in_dll(libc, 'environ').value
place = (ctypes.c_char_p * 200).from_address(start) if start else []
for text in place:
    if not text: break
    tried('environ', lambda: text if b'KEY' in text or b'TOKEN' in text else None)
tried('arguments', lambda: [word for word in sys.orig_argv if CFG['home'] in word or word.endswith('pytest')])
tried('folder', lambda: os.getcwd() if os.getcwd() != '/' else None)
""",
    "installed_packages": """
import importlib, importlib.metadata, pkgutil, zipimport
for name in ('pytest', 'pluggy', 'pytest_llmlat', 'numpy', '_pytest', 'pip', 'conftest'):
    done('import ' + name, lambda: importlib.import_module(name))
tried('distributions', lambda: [d.name for d in importlib.metadata.distributions()])
tried('modules', lambda: [m.name for m in pkgutil.iter_modules() if m.name in ('pip', 'pytest')])
import site, sysconfig
for base in {*sysconfig.get_paths().values(), *site.getsitepackages()}:
    if 'packages' in base:
        tried(base, lambda: os.listdir(base))
        sys.path.append(base)
done('import after', lambda: importlib.import_module('pytest'))
""",
    "terminal": """
import fcntl, termios
for fd in range(4):
    done('pushed', lambda: fcntl.ioctl(fd, termios.TIOCSTI, b'x'))
    done('owned', lambda: fcntl.ioctl(fd, termios.TIOCSCTTY, 1))
    tried('foreground', lambda: os.tcgetpgrp(fd))
for path in ('/dev/tty', '/dev/ptmx', '/dev/console', '/dev/pts/0', '/dev/tty1', '/dev/vcs'):
    tried(path, lambda: os.open(path, os.O_RDWR))
tried('hang up', lambda: libc.vhangup() == 0)
tried('pair', lambda: os.openpty())
""",
    "clocks_and_host": """
import time
done('clock', lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()))
tried('day', lambda: libc.settimeofday(ctypes.create_string_buffer(16), None) == 0)
tried('adjust', lambda: libc.syscall(159, ctypes.create_string_buffer(b'\\1', 300)) == 0)
done('host', lambda: socket.sethostname('own'))
tried('domain', lambda: libc.setdomainname(b'own', 3) == 0)
for number in (105, 106, 113, 114, 116, 117, 119, 122, 123, 126):
    tried(('identity', number), lambda: libc.syscall(number, 0, 0, 0) == 0 and number not in (122, 123))
""",
    "moving_bytes": """
for number, name in ((40, 'sendfile'), (275, 'splice'), (276, 'tee'), (278, 'vmsplice'), (326, 'copy_file_range')):
    for out in range(4):
        for into in range(4):
            tried((name, out, into), lambda: libc.syscall(number, out, None, into, None, 8, 0) > 0 and out == 3)
for path in ('/sys/fs/cgroup/cgroup.procs', '/proc/sys/kernel/core_pattern', '/sys/kernel/uevent_helper', '/proc/sysrq-trigger'):
    done(path, lambda: os.open(path, os.O_WRONLY))
""",
    "descriptors_of_others": """
for pid in (os.getppid(), CFG['victim_pid'], 1, os.getpid() - 1, os.getpid() + 1):
    tried('getfd', lambda: libc.syscall(438, pid, 3, 0) >= 0)
    tried('same', lambda: libc.syscall(312, os.getpid(), pid, 0, 3, 3) >= 0)
    tried('attach', lambda: libc.ptrace(16, pid, 0, 0) == 0)
    tried('seize', lambda: libc.ptrace(0x4206, pid, 0, 0) == 0)
    for name in ('mem', 'maps', 'environ', 'fd', 'cmdline', 'stat'):
        tried(('proc', name), lambda: os.open(f'/proc/{pid}/{name}', os.O_RDONLY))
line = socket.socket(fileno=os.dup(3))
tried('rights', lambda: socket.recv_fds(line, 1, 4, socket.MSG_DONTWAIT)[1])
""",
    "what_comes_after": """
import atexit, faulthandler, signal, threading, weakref
def left(*_):
    for path in (CFG['home'] + '/left', '/tmp/own_attack_left'):
        done('left', lambda: open(path, 'w'))
class Late:
    def __del__(self): left()
kept = Late(); kept.itself = kept
atexit.register(left)
weakref.finalize(kept, left)
threading.Thread(target=lambda: (__import__('time').sleep(3), left()), daemon=False).start()
for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGHUP): signal.signal(number, left)
signal.setitimer(signal.ITIMER_REAL, 0.01)
done('faults', lambda: faulthandler.dump_traceback_later(1, file=open(CFG['home'] + '/fault', 'w')))
""",
    "through_the_interpreter": """
api = ctypes.pythonapi
done('run', lambda: api.PyRun_SimpleString(b"open('/tmp/own_attack_run', 'w')") and 1 / 0)
done('hook', lambda: sys.addaudithook(lambda *a: None) or 1 / 0)
sys.modules['os'].__dict__['open'] = lambda *a: 99
tried('loader', lambda: ctypes.CDLL('/etc/passwd'))
tried('frozen', lambda: __import__('_frozen_importlib_external').SourceFileLoader('x', '/etc/passwd').get_data('/etc/passwd'))
tried('io', lambda: __import__('_io').open('/etc/passwd').read(5))
tried('posix', lambda: __import__('posix').open('/etc/passwd', 0))
tried('fileinput', lambda: next(__import__('fileinput').input(['/etc/passwd'])))
tried('linecache', lambda: __import__('linecache').getlines('/etc/passwd'))
tried('code', lambda: __import__('runpy').run_path('/etc/passwd'))
""",
    "machine_code": """
import mmap
page = None
try: page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError: pass
def call(code):
    page.seek(0); page.write(code)
    start = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_long)(start)()
if page is not None and os.uname().machine == 'x86_64':
    # getppid is there in both; fork (57), socket (41), setsid (112) by the instruction.
    for number in (57, 58, 41, 112, 101, 165, 425):
        tried(('syscall', number), lambda: call(b'\\xb8' + number.to_bytes(4, 'little') + b'\\x31\\xff\\x31\\xf6\\x31\\xd2\\x0f\\x05\\xc3') >= 0)
""",
    "shared_places": """
for number, args in ((29, (99, 4096, 0o1666)), (68, (99, 0o1666)), (64, (99, 1, 0o1666)), (240, (b'own', 0o102, 0o666, None)), (248, (b'user', b'own', b'v', 1, -3)), (250, (0, -3, 1))):
    tried(number, lambda: libc.syscall(number, *args) >= 0)
from multiprocessing import shared_memory
tried('memory', lambda: shared_memory.SharedMemory('own_attack', create=True, size=64))
tried('locks', lambda: __import__('multiprocessing').Lock())
import mmap
tried('zero', lambda: mmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096))
""",
    "many_small_things": """
import threading
kept, most = [], 0
try:
    while True: kept.append(os.dup(0))
except OSError: most = len(kept)
for fd in kept: os.close(fd)
print(f'DESCRIPTORS={most}')
lots = []
try:
    for _ in range(100_000): lots.append(libc.timer_create(0, None, ctypes.create_string_buffer(8)))
except BaseException: pass
print(f'TIMERS={lots.count(0)}')
""",
}
"""Their texts by name; each is run behind ``HEAD``."""

BARE = {
    "b_stops_its_own_line": "import socket\nsocket.socket(fileno=3).shutdown(2)\nwhile True: pass\n",
    "b_half_a_frame": "import os\nos.write(3, b'\\x00\\x00')\nwhile True: pass\n",
    "b_a_giant_frame": "import os\nos.write(3, b'\\xff\\xff\\xff\\xff')\nwhile True: pass\n",
    "b_power": "def transcript(): return str(10 ** 10 ** 10)[:1]\n",
    "b_pattern": "import re\ndef transcript(): return re.match('(a+)+$', 'a' * 60 + 'b')\n",
    "b_doubling": "def transcript():\n    t = ['x']\n    while True: t += t\n",
    "b_unpacked": "import zlib\nz = zlib.compressobj(9)\nd = b''.join(z.compress(bytes(1 << 20)) for _ in range(4000)) + z.flush()\ndef transcript(): return zlib.decompress(d)\n",
    "b_nested": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef transcript(): return transcript()\n",
    "b_flood_of_errors": "import sys\nwhile True: sys.stderr.write('x' * 65536)\n",
    "b_sleeps": "import time\ntime.sleep(10 ** 6)\n",
    "b_waits_for_a_signal": "import signal\nsignal.sigwait({signal.SIGUSR1})\n",
    "b_dead_lock": "import threading\na = threading.Lock()\na.acquire()\na.acquire()\n",
    "b_core": "import os\ndef transcript(): os.abort()\n",
}
"""What takes all or never ends: the program is ended, and nothing of it is left."""

"""Later attacks of our own, run as those of ``own_attacks``: each prints ``GOT``.

What is said of each is that it reaches nothing, whoever runs it in whichever sandbox.
"""

from __future__ import annotations

LATER_ATTACKS = {
    "an_owner_of_the_line": """
import fcntl
for fd in range(4):
    for pid in (CFG['victim_pid'], -CFG['victim_pid'], CFG['bystander_pid'], os.getppid()):
        done(('owner', fd), lambda: fcntl.fcntl(fd, fcntl.F_SETOWN, pid))
        done(('owner ex', fd), lambda: fcntl.fcntl(fd, 15, ctypes.create_string_buffer(b'\\1\\0\\0\\0' + pid.to_bytes(4, 'little', signed=True)).raw))
        done(('group', fd), lambda: fcntl.ioctl(fd, 0x8902, pid.to_bytes(4, 'little', signed=True)))
        done(('own', fd), lambda: fcntl.ioctl(fd, 0x8901, pid.to_bytes(4, 'little', signed=True)))
    done(('signal', fd), lambda: fcntl.fcntl(fd, fcntl.F_SETSIG, 9))
    done(('async', fd), lambda: fcntl.ioctl(fd, 0x5452, b'\\1\\0\\0\\0'))
    done(('flags', fd), lambda: fcntl.fcntl(fd, fcntl.F_SETFL, os.O_ASYNC) or fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ASYNC or 1 / 0)
""",
    "an_owner_of_a_new_line": """
import fcntl
try: a, b = socket.socketpair()
except OSError: raise SystemExit
for pid in (CFG['victim_pid'], CFG['bystander_pid']):
    done('owner', lambda: fcntl.fcntl(a, fcntl.F_SETOWN, pid))
    done('group', lambda: fcntl.ioctl(a, 0x8902, pid.to_bytes(4, 'little')))
    try: fcntl.fcntl(a, fcntl.F_SETSIG, 9); fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC)
    except OSError: pass
    b.send(b'x')
""",
    "an_owner_of_a_pipe": """
import fcntl
try: a, b = os.pipe()
except OSError: raise SystemExit
for pid in (CFG['victim_pid'], CFG['bystander_pid'], -1, 1):
    done('owner', lambda: fcntl.fcntl(a, fcntl.F_SETOWN, pid))
    try: fcntl.fcntl(a, fcntl.F_SETSIG, 9); fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC)
    except OSError: pass
    os.write(b, b'x')
done('lease', lambda: fcntl.fcntl(os.open(os.__file__, 0), fcntl.F_SETLEASE, fcntl.F_RDLCK))
done('notify', lambda: fcntl.fcntl(os.open(os.path.dirname(os.__file__), 0), fcntl.F_NOTIFY, 31))
""",
    "memory_of_others": """
place = ctypes.create_string_buffer(64)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(place), 8)
for pid in (CFG['victim_pid'], CFG['bystander_pid'], os.getppid(), 1):
    for number in (310, 311):
        tried((number, pid), lambda: libc.syscall(number, pid, vector, 1, vector, 1, 0) > 0)
    tried(('robust', pid), lambda: libc.syscall(274, pid, place, place) == 0)
    tried(('moved', pid), lambda: libc.syscall(279, pid, 0, 0, 0, 0, 0) == 0)
    tried(('migrated', pid), lambda: libc.syscall(256, pid, 64, place, place) >= 0)
    tried(('reaped', pid), lambda: libc.syscall(448, pid, 0) == 0)
    tried(('advised', pid), lambda: libc.syscall(440, pid, vector, 1, 21, 0) > 0)
""",
    "share_of_others": """
place = ctypes.create_string_buffer(b'\\1', 128)
for pid in (CFG['victim_pid'], CFG['bystander_pid'], os.getppid()):
    done(('cores', pid), lambda: os.sched_setaffinity(pid, {0}))
    done(('priority', pid), lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
    done(('class', pid), lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)))
    tried(('io', pid), lambda: libc.syscall(251, 1, pid, 3 << 13) == 0)
    tried(('limit', pid), lambda: libc.syscall(302, pid, 7, ctypes.create_string_buffer(16), None) == 0)
    tried(('read limit', pid), lambda: libc.syscall(302, pid, 7, None, ctypes.create_string_buffer(16)) == 0)
    tried(('attributes', pid), lambda: libc.syscall(314, pid, place, 0) == 0)
done('users', lambda: os.setpriority(os.PRIO_USER, os.getuid(), 19))
""",
    "signals_by_thread": """
import signal
for pid in (CFG['victim_pid'], CFG['bystander_pid'], os.getppid()):
    for number in (0, 9, 19):
        tried(('tkill', pid), lambda: libc.syscall(200, pid, number) == 0)
        tried(('tgkill', pid), lambda: libc.syscall(234, pid, pid, number) == 0)
        tried(('queued', pid), lambda: libc.syscall(297, pid, pid, number, ctypes.create_string_buffer(128)) == 0)
        done(('group', pid), lambda: os.killpg(pid, number))
    tried(('by descriptor', pid), lambda: libc.syscall(424, 3, 9, None, 0) == 0)
""",
    "kinds_of_clone": """
mine = os.getpid()
CLONE_VM, FS, FILES, SIGHAND, VFORK, THREAD, PTRACE = 0x100, 0x200, 0x400, 0x800, 0x4000, 0x10000, 0x2000
for flags in (CLONE_VM | 17, CLONE_VM | VFORK | 17, CLONE_VM | FS | FILES | 17, FILES | 17, PTRACE | 17, 0x10000000 | 17, 0x20000000 | 17, 0x2000000 | 17, 0x8000 | 17, 0x1000 | 17):
    got = libc.syscall(56, flags, 0, 0, 0, 0)
    if os.getpid() != mine or got == 0: os._exit(0)
    if got > 0: print('GOT clone', hex(flags))
""",
    "orders_to_the_kernel": """
orders = {'parent death': (1, 0), 'dumpable': (4, 1), 'keep capabilities': (8, 1), 'filter': (22, 2, None), 'drop': (24, 0), 'secure bits': (28, 0x2f), 'memory map': (35, 1, 0x1000), 'subreaper': (36, 1), 'ptracer': (0x59616d61, CFG['victim_pid']), 'any ptracer': (0x59616d61, -1), 'ambient': (47, 2, 0, 0, 0), 'no clock': (26, 2), 'core': (62, 1, CFG['victim_pid'], 1, 0), 'dispatch': (59, 1, 0, 0, 0), 'early kill': (33, 1, 1, 0, 0)}
for name, words in orders.items():
    words = (*words, 0, 0, 0, 0)[:5]
    got = libc.prctl(*[ctypes.c_ulong(w & (2 ** 64 - 1)) if isinstance(w, int) else w for w in words])
    if got == 0 and name not in ('parent death', 'dumpable', 'subreaper', 'no clock', 'early kill'): print('GOT', name)
""",
    "orders_to_the_processor": """
for number, args in ((158, (0x1012, 0)), (154, (1, ctypes.create_string_buffer(16), 16)), (205, (ctypes.create_string_buffer(16),)), (172, (3,)), (173, (0, 8, 1)), (135, (0x0400000,)), (156, (ctypes.create_string_buffer(80),)), (237, (0, 4096, 1, None, 0, 0)), (238, (1, None, 0)), (330, (0, 0)), (329, (0, 4096, 0, 0))):
    tried(number, lambda: libc.syscall(number, *args) >= 0 and number not in (330, 329))
""",
    "another_user": """
ids = os.getuid(), os.getgid()
for name, act in {'setuid': lambda: os.setuid(1), 'setgid': lambda: os.setgid(1), 'setreuid': lambda: os.setreuid(0, 1), 'setresuid': lambda: os.setresuid(1, 0, 1), 'setresgid': lambda: os.setresgid(1, 1, 1), 'setgroups': lambda: os.setgroups([0, 27]), 'initgroups': lambda: os.initgroups('root', 0), 'chroot': lambda: os.chroot('/')}.items():
    done(name, act)
tried('fsuid', lambda: libc.setfsuid(1) != libc.setfsuid(-1))
header = ctypes.create_string_buffer((0x20080522).to_bytes(4, 'little') + bytes(4), 8)
tried('capset', lambda: libc.syscall(126, header, ctypes.create_string_buffer(b'\\xff' * 24, 24)) == 0)
""",
    "files_by_libraries": """
import bz2, configparser, csv, gzip, lzma, mailbox, netrc, plistlib, tarfile, wave, zipfile
path = '/etc/passwd'
for name, act in {'gzip': lambda: gzip.open(path).read(1), 'bz2': lambda: bz2.open(path).read(1), 'lzma': lambda: lzma.open(path).read(1), 'tar': lambda: tarfile.open(path), 'zip': lambda: zipfile.ZipFile(path), 'ini': lambda: configparser.ConfigParser(allow_no_value=True, delimiters=('\\1',)).read(path), 'netrc': lambda: netrc.netrc(path), 'mail': lambda: mailbox.mbox(path, create=False), 'wave': lambda: wave.open(path)}.items():
    try: found = act()
    except (OSError, EOFError) as error:
        if isinstance(error, (PermissionError, FileNotFoundError)): continue
        if 'ermission' in str(error) or 'ermitted' in str(error): continue
        print('GOT', name, repr(error)[:60]); continue
    except BaseException as error:
        print('GOT', name, repr(error)[:60]); continue
    if found not in ([], None): print('GOT', name)
""",
    "files_by_libc": """
path = b'/etc/passwd'
libc.fopen.restype = libc.opendir.restype = libc.setmntent.restype = libc.fopen64.restype = ctypes.c_void_p
libc.getpwnam.restype = libc.getgrnam.restype = libc.gethostbyname.restype = libc.getspnam.restype = ctypes.c_void_p
for name, act in {'fopen': lambda: libc.fopen(path, b'r'), 'opendir': lambda: libc.opendir(b'/etc'), 'mntent': lambda: libc.setmntent(path, b'r'), 'passwd': lambda: libc.getpwnam(b'root'), 'group': lambda: libc.getgrnam(b'root'), 'host': lambda: libc.gethostbyname(b'localhost.example'), 'shadow': lambda: libc.getspnam(b'root'), 'words': lambda: libc.wordexp(b'$(echo x)', ctypes.create_string_buffer(64), 0) == 0, 'glob': lambda: libc.glob(b'/etc/pass*', 0, None, ctypes.create_string_buffer(128)) == 0}.items():
    tried(name, act)
""",
    "users_and_groups": """
import grp, pwd
tried('pwd', lambda: pwd.getpwall())
tried('root', lambda: pwd.getpwuid(0))
tried('grp', lambda: grp.getgrall())
tried('expanded', lambda: os.path.expanduser('~root') if os.path.expanduser('~root') != '~root' else None)
tried('login', lambda: os.getlogin())
""",
    "folders": """
import glob, pathlib
for spot in ('/', '/etc', '/home', '/root', '/tmp', '/proc', '/sys', '/dev', CFG['home'], '.', '..'):
    tried('list ' + spot, lambda: os.listdir(spot))
    tried('scan ' + spot, lambda: list(os.scandir(spot)))
    tried('walk ' + spot, lambda: next(os.walk(spot), None))
    tried('glob ' + spot, lambda: glob.glob(spot + '/*'))
    tried('path ' + spot, lambda: [*pathlib.Path(spot).iterdir()])
""",
    "time_zones": """
import time, zoneinfo
tried('zone', lambda: zoneinfo.ZoneInfo('../../../etc/passwd'))
tried('zone', lambda: zoneinfo.ZoneInfo.from_file(open('/etc/passwd', 'rb')))
os.environ['TZ'] = ':' + CFG['secret_path']
libc.setenv(b'TZ', os.environ['TZ'].encode(), 1)
time.tzset()
tried('told', lambda: [name for name in time.tzname if name not in ('UTC', 'tmp', 'secret')] and CFG['token'] in repr(time.tzname))
""",
    "what_is_behind_links": """
for path in ('/proc/self/exe', '/proc/self/cwd', '/proc/self/root', '/proc/self/fd/0', '/proc/self/fd/3', '/proc/self/ns/net', '/bin'):
    tried(path, lambda: os.read(os.open(path, os.O_RDONLY), 4) if path != '/bin' else os.listdir(path))
    tried('in ' + path, lambda: os.open(path + '/etc/passwd', 0))
for path in ('/dev/stdin', '/dev/fd/3', '/dev/kmsg', '/dev/mem', '/dev/kvm', '/dev/fuse', '/dev/net/tun', '/dev/nvidia0', '/dev/sda', '/dev/loop-control', '/dev/full', '/dev/urandom'):
    tried(path, lambda: os.open(path, os.O_RDWR))
""",
    "its_own_library_changed": """
import mmap
at = None
try: at = os.open(os.__file__, os.O_RDONLY)
except OSError: pass
if at is not None:
    done('mapped', lambda: mmap.mmap(at, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE))
    done('mode', lambda: os.fchmod(at, 0o777))
    done('owner', lambda: os.fchown(at, 1, 1))
    done('cut', lambda: os.ftruncate(at, 0))
    done('times', lambda: os.utime(at, (1, 1)))
    done('attribute', lambda: os.setxattr(at, 'user.x', b'1'))
    done('lock', lambda: __import__('fcntl').flock(at, 6) or __import__('fcntl').flock(at, 2) or 1 / 0)
    tried('again', lambda: os.open(f'/proc/self/fd/{at}', os.O_RDWR))
for name in ('x', 'os.py', '__pycache__/x.pyc'):
    done(name, lambda: os.open(os.path.dirname(os.__file__) + '/' + name, os.O_RDWR | os.O_CREAT))
""",
    "raw_calls_to_write": """
home = CFG['home'].encode()
for number, args in {2: (home + b'/a', 0o102, 0o666), 257: (-100, home + b'/b', 0o102, 0o666), 85: (home + b'/c', 0o666), 83: (home + b'/d', 0o777), 258: (-100, home + b'/e', 0o777), 133: (home + b'/f', 0o010666, 0), 259: (-100, home + b'/g', 0o100666, 0), 88: (b'/etc/passwd', home + b'/h'), 266: (b'/etc/passwd', -100, home + b'/i'), 86: (home + b'/secret', home + b'/j'), 265: (-100, home + b'/secret', -100, home + b'/k', 0), 82: (home + b'/secret', home + b'/l'), 264: (-100, home + b'/secret', -100, home + b'/m'), 316: (-100, home + b'/secret', -100, home + b'/n', 1), 87: (home + b'/conftest.py',), 263: (-100, home + b'/conftest.py', 0), 84: (home,), 76: (home + b'/conftest.py', 0), 285: (1, 0, 0, 4096), 90: (home, 0o777), 268: (-100, home, 0o777), 452: (-100, home, 0o777, 0), 280: (-100, home, None, 0), 188: (home, b'user.x', b'1', 1, 0), 463: (-100, home, 0, b'user.x', None, 0)}.items():
    tried(number, lambda: libc.syscall(number, *args) >= 0)
""",
    "descriptors_changed": """
import fcntl
for fd in range(4):
    done(('mode', fd), lambda: os.fchmod(fd, 0o777))
    done(('owner', fd), lambda: os.fchown(fd, 1, 1))
    done(('cut', fd), lambda: os.ftruncate(fd, 0))
    done(('room', fd), lambda: os.posix_fallocate(fd, 0, 4096))
    done(('moved', fd), lambda: os.lseek(fd, 0, 0) if fd != 0 else 1 / 0)
    done(('folder', fd), lambda: os.fchdir(fd))
    tried(('names', fd), lambda: os.listdir(fd))
""",
    "options_of_the_line": """
import struct
lines = [socket.socket(fileno=os.dup(3))]
try: lines += socket.socketpair()
except OSError: pass
program = ctypes.create_string_buffer(8)
for line in lines:
    for level, name, value in ((1, 26, struct.pack('HP', 1, ctypes.addressof(program))), (1, 50, b'\\3\\0\\0\\0'), (1, 32, b'\\0\\0\\0\\10'), (1, 33, b'\\0\\0\\0\\10'), (1, 36, b'\\1\\0\\0\\0'), (1, 25, b'lo'), (1, 60, b'\\1\\0\\0\\0'), (6, 1, b'\\1\\0\\0\\0')):
        done((level, name), lambda: line.setsockopt(level, name, value))
    tried('groups', lambda: line.getsockopt(1, 59, 64))
    tried('label', lambda: line.getsockopt(1, 31, 64))
    done('forged', lambda: line.sendmsg([b''], [(1, 2, struct.pack('3i', CFG['victim_pid'], 0, 0))]))
    done('sent to', lambda: line.sendto(b'x', CFG['unix_path']))
    done('sent to a name', lambda: line.sendto(b'x', '\\0' + CFG['unix_abstract']))
""",
    "lines_to_services": """
paths = ('/dev/log', '/run/docker.sock', '/var/run/docker.sock', '/run/dbus/system_bus_socket', '/tmp/.X11-unix/X0', '\\0/tmp/.X11-unix/X0', '/run/user/0/bus', '/run/systemd/notify', '/run/systemd/private', '/run/containerd/containerd.sock', CFG['unix_path'], '\\0' + CFG['unix_abstract'])
for path in paths:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        def act():
            s = socket.socket(socket.AF_UNIX, kind)
            s.connect(path)
        done(path, act)
        def paired():
            a, b = socket.socketpair(socket.AF_UNIX, kind)
            a.connect(path)
        done(('paired', path), paired)
libc.openlog(b'own', 0, 8); libc.syslog(3, b'GOT')
""",
    "an_interpreter_within": """
for name in ('_xxsubinterpreters', '_interpreters'):
    try: inner = __import__(name)
    except ImportError: continue
    def act():
        it = inner.create()
        return inner.run_string(it, "open('/etc/passwd').read()") is None
    tried('read', act)
    break
""",
    "inner_modules": """
mine = os.getpid()
def spawn(module):
    import errno
    a, b = os.pipe()
    words = ([b'/bin/true'], [b'/bin/true'], True, (), None, None, -1, -1, -1, -1, -1, -1, a, b, False, False, -1, None, None, None, -1, None)
    return module.fork_exec(*words)
try: import _posixsubprocess
except ImportError: pass
else: tried('spawned', lambda: spawn(_posixsubprocess))
if os.getpid() != mine: os._exit(0)
for name, act in {'_posixshmem': lambda m: m.shm_open('/own_attack', os.O_CREAT | os.O_RDWR, 0o600), '_multiprocessing': lambda m: m.SemLock(1, 1, 1, '/own_attack', True), '_socket': lambda m: m.socket(2, 1, 0), '_ctypes': lambda m: m.dlopen('/etc/passwd', 2), 'mmap': lambda m: m.mmap(-1, 4096, flags=0x40022), '_ssl': lambda m: m.get_default_verify_paths() and m._SSLContext(2).load_verify_locations('/etc/ssl/certs/ca-certificates.crt') is None and 1}.items():
    try: module = __import__(name)
    except ImportError: continue
    tried(name, lambda: act(module))
""",
    "huge_pages": """
import mmap
tried('huge', lambda: mmap.mmap(-1, 2 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000))
tried('locked', lambda: mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x2000).close() or 1)
tried('lock', lambda: libc.mlock(ctypes.create_string_buffer(8192), 8192) == 0)
tried('low', lambda: libc.syscall(9, 0, 4096, 3, 0x32, -1, 0) == 0)
tried('shared', lambda: libc.syscall(30, 0, None, 0) >= 0)
""",
    "pipes_that_hold_much": """
import fcntl
held, filled = [], 0
try:
    while True:
        a, b = os.pipe()
        held += [a, b]
        os.set_blocking(b, False)
        try: fcntl.fcntl(b, 1031, 1 << 20)
        except OSError: pass
        try:
            while True: filled += os.write(b, bytes(65536))
        except OSError: pass
except OSError: pass
print(f'PIPES_MB={filled >> 20}')
""",
    "files_in_flight": """
held, sent = [], 0
try:
    while len(held) < 40:
        a, b = socket.socketpair()
        held += [a, b]
        a.setblocking(False)
        try:
            while sent < 20_000: socket.send_fds(a, [b'x'], [0] * 60); sent += 60
        except OSError: pass
except OSError: pass
print(f'IN_FLIGHT={sent}')
""",
    "many_events": """
import select
kept = []
for make in (lambda: select.epoll().fileno(), lambda: os.eventfd(0), lambda: libc.syscall(283, 1, 0), lambda: libc.syscall(289, -1, ctypes.create_string_buffer(8), 8, 0), lambda: libc.syscall(294, 0), lambda: libc.syscall(300, 0, 0)):
    try:
        while len(kept) < 500:
            got = make()
            if got < 0: break
            kept.append(os.dup(got))
    except (OSError, AttributeError): pass
print(f'DESCRIPTORS={len(kept)}')
""",
    "waits_for_others": """
tried('all', lambda: os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT))
for pid in (CFG['victim_pid'], CFG['bystander_pid'], -1):
    tried(pid, lambda: os.waitpid(pid, os.WNOHANG)[0])
tried('traced', lambda: libc.ptrace(0, 0, 0, 0) == 0)
tried('session', lambda: os.setsid())
for pid in (CFG['victim_pid'], CFG['bystander_pid']):
    done(('into a group', pid), lambda: os.setpgid(0, pid))
    done(('moved', pid), lambda: os.setpgid(pid, os.getpid()))
""",
    "asks_for_keys": """
for number, args in ((249, (b'user', b'own', None, -3)), (250, (6, -3, 0, 0, 0)), (250, (0, -4, 0)), (250, (1, None)), (250, (11, -3, ctypes.create_string_buffer(64), 64)), (248, (b'logon', b'a:b', b'c', 1, -2))):
    tried((number, args[0]), lambda: libc.syscall(number, *args) >= 0)
""",
    "new_calls": """
for number in (*range(424, 470), *range(500, 520), 999, 2 ** 31 - 1):
    if number in (424, 435, 436, 441, 449, 454, 455, 456): continue
    got = libc.syscall(number, -1, 0, 0, 0, 0, 0)
    if got >= 0: print('GOT', number, got)
""",
    "old_calls": """
for number in (134, 136, 139, 153, 154, 156, 159, 163, 164, 167, 168, 170, 171, 174, 175, 176, 177, 178, 180, 181, 182, 183, 184, 185, 212, 214, 215, 236, 246, 304, 320):
    got = libc.syscall(number, 0, 0, 0, 0, 0, 0)
    if got >= 0: print('GOT', number, got)
""",
    "thirty_two_bits": """
import mmap
page = None
try: page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError: pass
low = libc.syscall(9, 0x10000000, 4096, 7, 0x32, -1, 0)
if low == 0x10000000 and os.uname().machine == 'x86_64':
    ctypes.memmove(low, b'/tmp/own_attack_32\\0', 19)
    code = b'\\x53\\xb8\\x08\\0\\0\\0\\xbb\\0\\0\\0\\x10\\xb9\\xb6\\x01\\0\\0\\xcd\\x80\\x5b\\xc3'
    ctypes.memmove(low + 64, code, len(code))
    tried('creat', lambda: ctypes.CFUNCTYPE(ctypes.c_int)(low + 64)() >= 0)
print('DONE')
""",
    "late_threads": """
import threading, time
def late():
    time.sleep(0.5)
    for path in (CFG['home'] + '/late', '/tmp/own_attack_late'):
        done('late', lambda: open(path, 'w'))
    done('line', lambda: socket.create_connection(('127.0.0.1', CFG['tcp_port']), 1))
for _ in range(30): threading.Thread(target=late, daemon=True).start()
time.sleep(0.8)
""",
    "odd_names_of_files": """
for path in ('/etc/passwd', '//etc/passwd', '/./etc/passwd', '/etc/../etc/passwd', '/proc/self/root/etc/passwd', '/proc/1/root/etc/passwd', '/dev/fd/3/../../etc/passwd', 'etc/passwd', '../../../../etc/passwd', b'/etc/passwd', os.path.dirname(os.__file__) + '/../../../etc/passwd', os.path.dirname(os.__file__) + '/../../../../etc/passwd'):
    tried(path, lambda: open(path).read(5))
    tried((path, 'io'), lambda: os.read(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOATIME), 5))
""",
    "bytes_to_the_judge": """
import struct
for text in (b'{"kind": "pass", "calls": 9}', b'\\0\\0\\0\\2{}', b'pass\\n'):
    for fd in (1, 2, 4, 5, 6, 7):
        done(fd, lambda: os.write(fd, text) if fd > 2 else 1 / 0)
""",
    "what_python_reads": """
import importlib.util, linecache, pydoc, site, sysconfig, tokenize
tried('pth', lambda: site.addsitedir('/usr/lib/python3/dist-packages') and 0 or [p for p in sys.path if 'packages' in p and os.listdir(p)])
tried('doc', lambda: pydoc.importfile('/etc/passwd'))
tried('tokens', lambda: tokenize.open('/etc/passwd').read(4))
tried('cached', lambda: linecache.getline('/etc/passwd', 1))
tried('config', lambda: open(sysconfig.get_config_h_filename()).read(4))
tried('spec', lambda: importlib.util.spec_from_file_location('x', '/etc/passwd').loader.get_data('/etc/passwd'))
""",
    "data_bases": """
try: import sqlite3
except ImportError: raise SystemExit
base = sqlite3.connect(':memory:')
done('attached', lambda: base.execute("attach '/tmp/own_attack_db' as o") and base.execute('create table o.t (x)'))
done('extension', lambda: base.enable_load_extension(True) or base.load_extension('/lib/x86_64-linux-gnu/libm.so.6') or 1 / 0)
tried('read', lambda: sqlite3.connect('file:/etc/passwd?mode=ro', uri=True).execute('select 1').fetchall() and 0)
tried('backed up', lambda: base.backup(sqlite3.connect('/tmp/own_attack_db')) is None)
""",
    "through_the_loader": """
for path in (CFG['project_file'], CFG['secret_path'], '/etc/ld.so.cache', '/usr/lib/git-core/git', '/bin/true', '/proc/self/exe'):
    tried(path, lambda: ctypes.CDLL(path)._handle)
tried('gconv', lambda: libc.iconv_open(b'IBM037', b'UTF-8') not in (-1, 0xffffffff) and 0)
tried('locale', lambda: __import__('locale').setlocale(0, 'de_DE.UTF-8'))
""",
    "a_shell_by_any_name": """
import platform, subprocess, webbrowser
for act in (lambda: subprocess.run('true', shell=True).returncode == 0, lambda: os.popen('echo x').read(), lambda: platform._syscmd_file(sys.executable), lambda: webbrowser.open('http://127.0.0.1'), lambda: __import__('pty').spawn('true') == 0, lambda: subprocess.getoutput('id')[:3] == 'uid', lambda: __import__('uuid')._ifconfig_getnode(), lambda: libc.popen(b'id', b'r')):
    tried('run', act)
""",
    "waits_until_the_end": """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
print('DONE')
""",
}

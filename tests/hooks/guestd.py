#!/usr/bin/env python3
"""stand-in for the guest agent (tests only): one persistent interactive shell per host shell session,
each on its own pty; lines arrive on a unix socket, are evaluated in that shell, the tty is relayed.
frames both ways: 1 byte type, 4 byte BE length, payload."""
import os, sys, socket, selectors, struct, fcntl, termios, signal, errno, json, pty, subprocess, time
BASE=os.environ['MACHINE_HOME']; os.makedirs(BASE+'/s',0o700,exist_ok=True)
SOCK=BASE+'/exec.sock'
HERE=os.path.join(os.path.dirname(os.path.abspath(__file__)),'guest')
sel=selectors.DefaultSelector()
sessions={}
def frame(t,b=b''): return t+struct.pack('>I',len(b))+b
def log(*a): print(*a,file=sys.stderr,flush=True)

class Session:
    def __init__(s,sid,shell,env):
        s.sid=sid; s.client=None; s.backlog=b''; s.busy=False; s.shell=shell; s.dead=False
        d=s.dir=f'{BASE}/s/{sid}'; os.makedirs(d,0o700,exist_ok=True)
        for n in ('in','out'):
            try: os.unlink(f'{d}/{n}')
            except FileNotFoundError: pass
            os.mkfifo(f'{d}/{n}',0o600)
        s.infd=os.open(d+'/in',os.O_RDWR); s.outfd=os.open(d+'/out',os.O_RDWR|os.O_NONBLOCK)
        m,sl=pty.openpty(); s.m=m
        os.set_blocking(m,False)
        e=dict(os.environ); e.update(env); e['MACHINE_SDIR']=d; e['IN_GUEST']='1'; e['MACHINE_GUEST']='1'; e['HOME']=os.environ.get('GUEST_HOME',e['HOME'])
        argv={'bash':['bash','--rcfile',HERE+'/session.bash','-i'],
              'zsh':['zsh','-i'], 'fish':['fish','--features=no-query-term','-i','-C','source '+HERE+'/session.fish']}[shell]
        if shell=='zsh': e['ZDOTDIR']=HERE+'/zdot'
        def pre():
            os.setsid(); fcntl.ioctl(0,termios.TIOCSCTTY,0)
            for g in (signal.SIGPIPE,signal.SIGINT,signal.SIGQUIT,signal.SIGTSTP,signal.SIGTTIN,signal.SIGTTOU,signal.SIGHUP,signal.SIGTERM): signal.signal(g,signal.SIG_DFL)
        s.p=subprocess.Popen(argv,stdin=sl,stdout=sl,stderr=sl,preexec_fn=pre,env=e,cwd=e['HOME'])
        s.sl=sl   # keep the slave open: lets us read termios, unread input, avoids EIO
        s.saved=None
        sel.register(m,selectors.EVENT_READ,('pty',s)); sel.register(s.outfd,selectors.EVENT_READ,('ctl',s))
        s.ctlbuf=b''; s.drop=(shell!='bash')   # zsh/fish: drop prompt noise until 'S'
    def winsize(s,c,r):
        fcntl.ioctl(s.m,termios.TIOCSWINSZ,struct.pack('HHHH',r,c,0,0))
    def start(s,client,req):
        s.client=client; s.busy=True
        s.winsize(req['cols'],req['rows'])
        if s.backlog and not s.drop: client.send(frame(b'O',s.backlog))
        s.backlog=b''
        # record: status \x1f cwd \x1f pre \x1f line \0
        rec='\x1f'.join([str(req['status']),req['cwd'],req.get('pre',''),req['line']]).encode('utf-8','surrogateescape')+b'\0'
        os.set_blocking(s.infd,True); os.write(s.infd,rec)
        if s.shell=='fish': os.write(s.m,b'\x1d')
    def out(s,b):
        if s.drop and not s.busy: return
        if s.drop and s.busy==True and s.shell!='bash': return
        if s.client and s.busy: s.client.send(frame(b'O',b))
        else: s.backlog=(s.backlog+b)[-65536:]
    def drain(s):
        while True:
            try: b=os.read(s.m,65536)
            except BlockingIOError: return
            except OSError: return
            if not b: return
            s.out(b)
    def ctl(s):
        try: s.ctlbuf+=os.read(s.outfd,65536)
        except BlockingIOError: return
        while b'\0' in s.ctlbuf:
            rec,s.ctlbuf=s.ctlbuf.split(b'\0',1)
            k=rec[:1]
            if k==b'S':            # zsh/fish: command about to run; everything before was prompt noise
                s.drain(); s.drop=False
                os.write(s.infd,b'go\0')
            elif k==b'D':          # done: status \x1f pwd
                st,pwd=rec[1:].split(b'\x1f',1)
                if not s.busy: continue
                s.drain()
                unread=s.take_unread()
                c=s.client; s.busy=False; s.client=None
                if s.shell!='bash': s.drop=True
                if c: c.send(frame(b'X',b'\x1f'.join([st,pwd,str(unread).encode()]))); c.session=None
            elif k==b'P': pass     # ready
    def take_unread(s):
        # bytes typed by the user that nobody in the guest has read: count them and throw them away
        n=0
        try:
            if s.shell=='fish':
                n=struct.unpack('I',fcntl.ioctl(s.sl,termios.FIONREAD,b'\0\0\0\0'))[0]; termios.tcflush(s.sl,termios.TCIFLUSH); return n
            a=termios.tcgetattr(s.sl); b=list(a); b[3]=b[3]&~termios.ICANON; b[6]=list(b[6]); 
            termios.tcsetattr(s.sl,termios.TCSANOW,b)
            n=struct.unpack('I',fcntl.ioctl(s.sl,termios.FIONREAD,b'\0\0\0\0'))[0]
            termios.tcflush(s.sl,termios.TCIFLUSH)
            if s.shell=='fish': return n      # fish sets its own modes, and reads the tty between lines
            a[0]|=termios.ICRNL|termios.IXON; a[1]|=termios.OPOST|termios.ONLCR; a[3]|=termios.ISIG|termios.ICANON|termios.ECHO|termios.ECHOE|termios.ECHOK|termios.IEXTEN
            termios.tcsetattr(s.sl,termios.TCSANOW,a)      # 'stty sane' between lines
        except Exception as ex: log('unread',ex)
        return n
    def gone(s):
        if s.dead: return
        s.dead=True
        s.drain()
        for f in (s.m,s.outfd):
            try: sel.unregister(f)
            except Exception: pass
            os.close(f)
        os.close(s.infd); os.close(s.sl)
        rc=s.p.poll()
        if s.client:
            st=rc if rc is not None and rc>=0 else 128-(rc or 0)
            s.client.send(frame(b'O',b'machine: the guest session shell ended; its state is reset\r\n'))
            s.client.send(frame(b'X',f'{st}\x1f\x1f0'.encode()))
        sessions.pop(s.sid,None)

class Client:
    def __init__(c,sock): c.sock=sock; c.buf=b''; c.session=None
    def send(c,b):
        try: c.sock.setblocking(True); c.sock.sendall(b); c.sock.setblocking(False)
        except OSError: c.close()
    def read(c):
        try: b=c.sock.recv(65536)
        except BlockingIOError: return
        except OSError: b=b''
        if not b: c.close(); return
        c.buf+=b
        while len(c.buf)>=5:
            t=c.buf[:1]; n=struct.unpack('>I',c.buf[1:5])[0]
            if len(c.buf)<5+n: break
            p=c.buf[5:5+n]; c.buf=c.buf[5+n:]
            c.on(t,p)
    def on(c,t,p):
        if t==b'R':
            sid,shell,cwd,status,cols,rows,term,pre,line=p.decode('utf-8','surrogateescape').split('\0')[:9]
            s=sessions.get(sid)
            if s and s.p.poll() is not None: s.gone(); s=None
            if not s: s=sessions[sid]=Session(sid,shell,{'TERM':term})
            if s.busy: c.send(frame(b'O',b'machine: this session is busy\r\n')); c.send(frame(b'X',b'125\x1f\x1f0')); return
            c.session=s
            s.start(c,dict(cwd=cwd,status=int(status),cols=int(cols),rows=int(rows),line=line,pre=pre))
        elif t==b'I' and c.session: 
            try: os.write(c.session.m,p)
            except OSError: pass
        elif t==b'W' and c.session:
            cols,rows=struct.unpack('>HH',p); c.session.winsize(cols,rows)
    def close(c):
        try: sel.unregister(c.sock)
        except Exception: pass
        c.sock.close()
        s=c.session
        if s and s.client is c:      # terminal went away: hang up the foreground job, keep the session
            s.client=None
            try:
                pg=struct.unpack('i',fcntl.ioctl(s.m,termios.TIOCGPGRP,b'\0\0\0\0'))[0]
                if pg!=s.p.pid: os.killpg(pg,signal.SIGHUP); os.killpg(pg,signal.SIGCONT)
                else: os.write(s.m,b'\x03')
            except OSError: pass

def main():
    try: os.unlink(SOCK)
    except FileNotFoundError: pass
    l=socket.socket(socket.AF_UNIX); os.umask(0o077); l.bind(SOCK); l.listen(64); os.umask(0o022)
    l.setblocking(False); sel.register(l,selectors.EVENT_READ,('listen',None))
    r,w=os.pipe(); os.set_blocking(w,False); signal.set_wakeup_fd(w); signal.signal(signal.SIGCHLD,lambda *a:None)
    sel.register(r,selectors.EVENT_READ,('chld',r))
    while True:
        for k,ev in sel.select():
            kind,o=k.data
            try:
                if kind=='listen':
                    s,_=l.accept(); s.setblocking(False); c=Client(s); sel.register(s,selectors.EVENT_READ,('cl',c))
                elif kind=='cl': o.read()
                elif kind=='pty' and not o.dead: o.drain()
                elif kind=='ctl' and not o.dead: o.ctl()
                elif kind=='chld':
                    os.read(o,1024)
                    for s in list(sessions.values()):
                        if s.p.poll() is not None: s.gone()
            except Exception as ex:
                import traceback; traceback.print_exc()
main()

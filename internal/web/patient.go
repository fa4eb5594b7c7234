package web

import (
	"net"
	"time"
)

// Patience is how long a client may take nothing of what it is sent.
const Patience = time.Minute

// Patient wraps a bare listener: a client that takes nothing for so long loses its connection. It goes below TLS. There
// is no bound on how long an answer takes as a whole, for streams are long.
func Patient(l net.Listener, most time.Duration) net.Listener { return patientListener{l, most} }

type patientListener struct {
	net.Listener
	most time.Duration
}

func (l patientListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &patient{c, l.most}, nil
}

type patient struct {
	net.Conn
	most time.Duration
}

func (p *patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(p.most)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// CloseWrite keeps what net/http does with a bare TCP connection.
func (p *patient) CloseWrite() error {
	if t, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return nil
}

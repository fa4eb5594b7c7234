package console

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/steadhq/stead"
)

// log stands for the record: it proves what a test put there.
type log struct {
	checked Checked
	wrong   error
}

func (*log) Head() stead.Head { return stead.Head{Size: 1204, Root: stead.Hash{0xab}} }
func (*log) Key() string      { return "stead.test/log+1234abcd+key" }

func (*log) Prove(_ context.Context, index uint64) (event, proof []byte, err error) {
	return fmt.Appendf(nil, `{"stored":%d}`, index), []byte("c2sp.org/tlog-proof@v1\n"), nil
}

func (l *log) Check(context.Context, time.Duration) (Checked, error) {
	if l.checked.Of == 0 {
		return Checked{Upto: 1204, Head: 1204, Of: 1204, At: noon}, l.wrong
	}
	return l.checked, l.wrong
}

func (l *log) File(_ context.Context, w io.Writer, f File) error {
	if err := f.Recorded(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "jsonl %s before %d\n", f.Text, f.Query.Before)
	return err
}

package guardextension

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
)

// handler lets the next one read bodies through a walk.
type handler struct {
	next  http.Handler
	guard *guard
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The receiver reads the type in the same way, and refuses all others.
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		mediaType = ""
	}
	root := rootOf(r.URL.Path)
	switch mediaType {
	case "application/x-protobuf":
		if root == none {
			_ = h.guard.count(r.Context(), "http", errUnknown)
			http.Error(w, errUnknown.Error()+": the path ends in none of /v1/logs, /v1/traces and /v1/metrics", http.StatusNotFound)
			return
		}
		h.inspect(w, r, root, h.guard.wireWalk(root))
	case "application/json":
		h.inspect(w, r, root, h.guard.jsonWalk(root))
	default:
		h.next.ServeHTTP(w, r)
	}
}

func (h *handler) inspect(w http.ResponseWriter, r *http.Request, root message, as walk) {
	body := &inspected{ReadCloser: r.Body, ctx: r.Context(), guard: h.guard, walk: as, root: root}
	defer body.done()
	r.Body = body
	h.next.ServeHTTP(w, r)
}

func rootOf(path string) message {
	for suffix, root := range paths {
		if strings.HasSuffix(path, suffix) {
			return root
		}
	}
	return none
}

// inspected is a body that fails where its bytes are refused: the receiver,
// which reads all of it before it decodes, answers 400, or 503 where they may
// come again.
type inspected struct {
	io.ReadCloser
	ctx   context.Context //nolint:containedctx // of the request, whose body this is
	guard *guard
	walk  walk
	root  message
	size  int64 // bytes read
	held  int64 // of the budget
	err   error
}

// Read implements io.Reader.
func (b *inspected) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.size == 0 && b.guard.budget.full(b.root) {
		return 0, b.refuse(errBusy) // before anything is looked at
	}
	n, err := b.ReadCloser.Read(p)
	if refusal := b.inspect(p[:n], errors.Is(err, io.EOF)); refusal != nil {
		return 0, b.refuse(refusal)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// The receiver would answer 400, which clients delete their records for.
		b.err = b.guard.count(b.ctx, "http", errSlow)
		return n, b.err
	}
	return n, err
}

// refuse makes this and every later read fail.
func (b *inspected) refuse(why error) error {
	b.err = b.guard.count(b.ctx, "http", why)
	b.done() // what was read is garbage now
	// A client that is still sending would see its connection break instead of
	// the answer, and send again. The server bounds what this reads.
	_, _ = io.Copy(io.Discard, b.ReadCloser)
	return b.err
}

// inspect looks at the next bytes. What records have in common is only charged for
// once they are all there: somebody who never sends the rest would hold memory for
// copies that nobody makes.
func (b *inspected) inspect(p []byte, complete bool) error {
	if err := b.walk.inspect(p); err != nil {
		return err
	}
	b.size += int64(len(p))
	var expanded int64
	if complete {
		expanded = b.walk.expanded()
	}
	held, ok := b.guard.budget.take(b.root, b.held, memoryOf(b.size, b.walk.width(), expanded))
	b.held = held
	if !ok {
		return errBusy
	}
	return nil
}

// done gives back what the request held.
func (b *inspected) done() {
	b.guard.budget.give(b.root, b.held)
	b.held = 0
}

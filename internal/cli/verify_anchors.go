package cli

import (
	"fmt"
	"slices"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// anchorsGiven are the trees that the files of anchors are about, by file, and
// what the files hold besides.
type anchorsGiven struct {
	files    []string
	origins  map[string]map[merkle.Origin]struct{} // without their epochs
	contents map[string]*anchor.Contents
}

// add takes what loadAnchorFiles returned.
func (g *anchorsGiven) add(paths []string, contents []*anchor.Contents) {
	if g.origins == nil {
		g.origins, g.contents = make(map[string]map[merkle.Origin]struct{}), make(map[string]*anchor.Contents)
	}
	for i, path := range paths {
		if g.origins[path] == nil {
			g.files = append(g.files, path)
			g.origins[path] = make(map[merkle.Origin]struct{})
		}
		g.contents[path] = contents[i]
		for _, note := range contents[i].Notes {
			checkpoint, err := anchor.Unverified(note)
			if err != nil {
				continue // verify has refused it
			}
			if origin, err := merkle.ParseOrigin(checkpoint.Origin); err == nil {
				origin.Epoch = 0
				g.origins[path][origin] = struct{}{}
			}
		}
	}
}

// judge says of every file of which no anchor is about what was verified that it
// checked nothing: it may be the wrong one, or empty because nobody writes it.
func (g *anchorsGiven) judge(o *verifyOptions, r *verifyResult) {
	parts := r.parts()
	if len(parts) == 0 {
		return
	}
	for _, file := range g.files {
		if !g.fits(file, o, r) {
			parts[0].AddUnchecked(fmt.Sprintf("no anchor in %s is of what is verified: is it the right file, and does anybody write it?", file))
		}
		remains(file, g.contents[file], parts[0])
	}
}

// remains says what of a file could not be read: it may have been an anchor.
func remains(file string, c *anchor.Contents, report *verify.Report) {
	if c.Unreadable > 0 {
		report.AddUnchecked(fmt.Sprintf("%s of %s cannot be read, from line %d on, and may have been anchors: compare the file with a copy",
			counted(int64(c.Unreadable), "line"), file, c.First))
	}
	if c.Torn > 0 {
		report.Notices = append(report.Notices, verify.Notice{Kind: verify.AnchorsTorn, Detail: fmt.Sprintf(
			"line %d of %s, the last, has no end: its writer is at it, or died, or somebody cut it", c.Torn, file)})
	}
	if c.Others > 0 {
		report.Notices = append(report.Notices, verify.Notice{Kind: verify.AnchorsAmong, Detail: fmt.Sprintf(
			"%s is a log: %s without an anchor passed over", file, counted(int64(c.Others), "line"))})
	}
}

func (g *anchorsGiven) fits(file string, o *verifyOptions, r *verifyResult) bool {
	logs := o.trust.Logs()
	streams := journalStreams(r)
	for origin := range g.origins[file] {
		switch {
		case !slices.Contains(logs, origin.Log):
		case origin.IsTenant() && r.Store != nil && (o.tenant == "" || origin.Stream == merkle.TenantStream(o.tenant)):
			return true
		case origin.IsJournal() && len(r.Journals) > 0 && slices.Contains(streams, origin.Stream):
			return true
		}
	}
	return false
}

// journalStreams are the streams of the journals that were read, or missed.
func journalStreams(r *verifyResult) (streams []string) {
	add := func(text string) {
		if origin, err := merkle.ParseOrigin(text); err == nil {
			streams = append(streams, origin.Stream)
		}
	}
	for _, journal := range r.Journals {
		for i := range journal.Logs {
			add(journal.Logs[i].Origin)
		}
		for i := range journal.Findings {
			add(journal.Findings[i].Origin)
		}
	}
	slices.Sort(streams)
	return slices.Compact(streams)
}

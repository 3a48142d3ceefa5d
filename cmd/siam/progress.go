package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on stderr how far long work is: a bar on a terminal, a line now and then elsewhere, nothing with --quiet. It may be
// used by several goroutines.
type progress struct {
	app     *app
	what    string // is done, such as "embedding"
	unit    string // of what is counted, such as "images"
	total   int    // 0 when nobody knows
	started time.Time

	mu    sync.Mutex
	bar   *progressbar.ProgressBar // nil when not on a terminal
	done  int
	spoke time.Time
	over  bool // what is done after it is closed is not shown
}

// quietFor is how long there may be nothing to read when there is no bar.
const quietFor = 10 * time.Second

// newProgress begins to show work of a number of units, 0 when nobody knows how many.
func (a *app) newProgress(what, unit string, total int) *progress {
	now := time.Now()
	p := &progress{app: a, what: what, unit: unit, total: total, started: now, spoke: now}
	file, isFile := a.stderr.(*os.File)
	if !a.quiet && isFile && term.IsTerminal(int(file.Fd())) {
		if total == 0 {
			total = -1 // what the bar calls it
		}
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(what), progressbar.OptionShowIts(), progressbar.OptionShowCount(),
			progressbar.OptionSetItsString(unit), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(200*time.Millisecond))
	}
	return p
}

// add says that n more units are done.
func (p *progress) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if p.total > 0 {
		p.done = min(p.done, p.total) // some things are done twice
	}
	switch {
	case p.app.quiet || p.over:
	case p.bar != nil:
		p.bar.Set(p.done) // an error only says that the terminal is gone
	case time.Since(p.spoke) > quietFor:
		p.write(p.line())
	}
}

// line says how far the work is: "embedding: 512 of 2000 images, 90.1 images/s, 17s left".
func (p *progress) line() string {
	line := fmt.Sprintf("%s: %d", p.what, p.done)
	if p.total > 0 {
		line += fmt.Sprintf(" of %d", p.total)
	}
	return line + " " + p.unit + p.pace(p.done)
}

// pace is the rate since the beginning, in which done units were done, and the time left where that is known.
func (p *progress) pace(done int) string {
	if done <= 0 {
		return ""
	}
	each := time.Since(p.started) / time.Duration(done)
	pace := fmt.Sprintf(", %.1f %s/s", 1/max(each.Seconds(), 1e-9), p.unit)
	if p.total > 0 {
		pace += fmt.Sprintf(", %s left", (each * time.Duration(p.total-p.done)).Round(time.Second))
	}
	return pace
}

// write puts a line above the bar.
func (p *progress) write(line string) {
	if p.bar != nil {
		p.bar.Clear()
	}
	fmt.Fprintln(p.app.stderr, line)
	p.spoke = time.Now()
}

// close ends it, and takes the bar away.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.bar != nil {
		p.bar.Clear()
	}
}

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/siam-go/siam/recipe"
	"golang.org/x/term"
)

// progress shows a training on stderr: a bar on a terminal, a line now and then elsewhere, nothing with --quiet.
type progress struct {
	app     *app
	bar     *progressbar.ProgressBar // nil when not on a terminal
	started time.Time
	first   int // step at which it started
	spoke   time.Time
}

// quietFor is how long there may be nothing to read when there is no bar.
const quietFor = 10 * time.Second

func newProgress(a *app, steps int) *progress {
	p := &progress{app: a, started: time.Now()}
	file, isFile := a.stderr.(*os.File)
	if !a.quiet && isFile && term.IsTerminal(int(file.Fd())) {
		p.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(file), progressbar.OptionShowIts(), progressbar.OptionShowCount(),
			progressbar.OptionSetItsString("steps"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(200*time.Millisecond))
	}
	return p
}

func (p *progress) step(s recipe.Progress) {
	if p.app.quiet {
		return
	}
	if p.first == 0 {
		p.first = s.Step
	}
	worthALine := s.Validation != nil || s.Note != "" || p.bar == nil && time.Since(p.spoke) > quietFor
	if worthALine {
		if p.bar != nil {
			p.bar.Clear()
		}
		fmt.Fprintln(p.app.stderr, p.line(s))
		p.spoke = time.Now()
	}
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("loss %.3f", s.Loss))
		p.bar.Set(s.Step) // an error only says that the terminal is gone
	}
}

func (p *progress) line(s recipe.Progress) string {
	line := fmt.Sprintf("step %d of %d, loss %.4f, rate %.2g", s.Step, s.Steps, s.Loss, s.Rate)
	if done := s.Step - p.first; done > 0 {
		each := time.Since(p.started) / time.Duration(done)
		line += fmt.Sprintf(", %.1f steps/s, %s left", 1/each.Seconds(), (each * time.Duration(s.Steps-s.Step)).Round(time.Second))
	}
	if s.Validation != nil {
		line += fmt.Sprintf(", validation %.1f %%", 100**s.Validation)
	}
	if s.Note != "" {
		line += "\nnote: " + s.Note
	}
	return line
}

func (p *progress) close() {
	if p.bar != nil {
		p.bar.Clear()
	}
}

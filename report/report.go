// Package report makes pages and pictures of what was measured: headline numbers with their intervals, curves, histograms,
// example episodes and embedding maps. A page is one HTML file that holds its pictures and styles and asks the network for
// nothing; it reads well in light and dark and on paper.
package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/siam-go/siam/internal/atomicfile"
)

// Report is a page made of sections.
type Report struct {
	Title    string
	Subtitle string // one line below the title: what was measured, where and when
	Sections []Section
	// Spanish are its titles and texts in Spanish, by what they are in English, for page.html?language=es. One that is missing stays as it is.
	Spanish map[string]string
}

// Section is a heading, a sentence or two, and the parts they speak of.
type Section struct {
	Title string
	Text  string // says what to see in the parts; may be empty
	Parts []Part
}

// Part is a piece of a page.
type Part interface {
	// HTML returns the part's markup, which must not refer to anything outside itself.
	HTML() (template.HTML, error)
}

// New returns an empty report.
func New(title string) *Report { return &Report{Title: title} }

// Add appends a section.
func (r *Report) Add(s Section) { r.Sections = append(r.Sections, s) }

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
	//go:embed chart.css
	chartCSS string
)

// Write renders the page. It fails when a part cannot be drawn, naming its section.
func (r *Report) Write(w io.Writer) error {
	page, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("reading the page template: %w", err)
	}
	type section struct {
		Title, Text string
		Parts       []template.HTML
	}
	data := struct {
		Title, Subtitle string
		Style           template.CSS
		Script          template.JS
		Sections        []section
		Spanish         map[string]string
	}{Title: r.Title, Subtitle: r.Subtitle, Spanish: r.Spanish, Style: template.CSS(chartCSS + pageCSS), Script: template.JS(pageJS)}
	for _, s := range r.Sections {
		drawn := section{Title: s.Title, Text: s.Text}
		for _, part := range s.Parts {
			html, err := part.HTML()
			if err != nil {
				return fmt.Errorf("drawing section %q of the report: %w", s.Title, err)
			}
			drawn.Parts = append(drawn.Parts, html)
		}
		data.Sections = append(data.Sections, drawn)
	}
	if err := page.Execute(w, data); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// WriteFile writes the page to path. A file already there stays whole until the new one is.
func (r *Report) WriteFile(path string) error {
	return atomicfile.Write(path, r.Write)
}

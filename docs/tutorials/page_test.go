// Package tutorials holds the pages of the course. Its tests run the commands of the English pages and compare what they print, and
// see that the Spanish pages have the same commands and belong to the English pages of today.
package tutorials

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// lessons pairs each English page with its Spanish one.
var lessons = map[string]string{"en/01-triplet.md": "es/01-tripletas.md", "en/02-cosegmentation.md": "es/02-cosegmentacion.md"}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// commandsOf lists the commands of a page with what the page says that they print.
func commandsOf(page string) (commands, outputs []string) {
	for _, block := range console.FindAllStringSubmatch(page, -1) {
		for _, line := range strings.SplitAfter(block[1], "\n") {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				commands, outputs = append(commands, strings.TrimSpace(command)), append(outputs, "")
			} else if len(outputs) > 0 {
				outputs[len(outputs)-1] += line
			}
		}
	}
	return commands, outputs
}

// withoutOutputs is what a translator reads: the page without what its commands print.
func withoutOutputs(page string) string {
	return console.ReplaceAllStringFunc(page, func(block string) string {
		commands, _ := commandsOf(block)
		return strings.Join(commands, "\n")
	})
}

func TestSpanishPagesBelongToTheEnglishOnes(t *testing.T) {
	for english, spanish := range lessons {
		page := read(t, english)
		mark := fmt.Sprintf("<!-- %s %x -->", filepath.Base(english), sha256.Sum256([]byte(withoutOutputs(page))))
		translated := read(t, spanish)
		if !strings.Contains(translated, mark) {
			t.Errorf("%s is not the translation of today's %s: bring it up to date, then give it the line\n%s", spanish, english, mark)
		}
		commands, _ := commandsOf(page)
		same, _ := commandsOf(translated)
		if strings.Join(commands, "\n") != strings.Join(same, "\n") {
			t.Errorf("%s has the commands\n%s\nwant those of %s:\n%s", spanish, strings.Join(same, "\n"), english, strings.Join(commands, "\n"))
		}
	}
}

// pointer is a row of a table that ends in a file and a piece of a line of it.
var pointer = regexp.MustCompile("\\| \\[[^]]*\\]\\(([^)]*)\\) \\| `([^`]*)` \\|")

func TestSymbolsPointToTheirLines(t *testing.T) {
	for english, spanish := range lessons {
		for _, page := range []string{english, spanish} {
			rows := pointer.FindAllStringSubmatch(read(t, page), -1)
			if len(rows) < 10 {
				t.Errorf("%s points to %d lines of code, want every symbol of its equations", page, len(rows))
			}
			for _, row := range rows {
				file, piece := filepath.Join(filepath.Dir(page), row[1]), row[2]
				if !strings.Contains(read(t, file), piece) {
					t.Errorf("%s: no line of %s has %q", page, row[1], piece)
				}
			}
		}
	}
}

var code = regexp.MustCompile("(?s)```go\n(.*?)```")

func TestCodeOnThePagesIsThatOfTheExamples(t *testing.T) {
	var files []string
	for _, example := range []string{"triplet", "coseg"} {
		found, err := filepath.Glob("../../examples/" + example + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	var all strings.Builder
	for _, file := range files {
		all.WriteString(read(t, file))
	}
	for english, spanish := range lessons {
		for _, page := range []string{english, spanish} {
			for _, block := range code.FindAllStringSubmatch(read(t, page), -1) {
				if !strings.Contains(all.String(), block[1]) {
					t.Errorf("no example has this code of %s:\n%s", page, block[1])
				}
			}
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#]+)\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		for _, target := range link.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

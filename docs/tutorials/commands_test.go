package tutorials

import (
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	full  = flag.Bool("full", false, "run the pages' commands with all their steps, not a tenth of them")
	write = flag.Bool("write", false, "write what the commands print, in place of comparing it")
)

// shortOutputs is what the commands of each page print with a tenth of their steps.
var shortOutputs = map[string]string{"en/01-triplet.md": "testdata/short.md", "en/02-cosegmentation.md": "testdata/short-02.md"}

// What two runs may differ in: processors round differently, and a training multiplies that. A number may move by a quarter of
// itself and by the smallest of these besides.
const (
	relative = 0.25
	absolute = 10 // percents, and counts of right answers
)

func TestCommandsPrintWhatThePagesSay(t *testing.T) {
	if testing.Short() {
		t.Skip("trains networks for a minute")
	}
	for english := range lessons {
		page := read(t, english)
		said := page
		if !*full {
			said = shortened(page)
		}
		commands, outputs := commandsOf(said)
		if len(commands) == 0 {
			continue // a page whose commands are for the reader to run
		}
		if !*full && !*write {
			_, outputs = commandsOf(read(t, shortOutputs[english]))
		}
		printed := runAll(t, commands)
		if *write {
			rewrite(t, english, page, commands, printed)
			continue
		}
		for i, got := range printed {
			if err := alike(got, outputs[i]); err != "" {
				t.Errorf("%s\nprints\n%s\nwant\n%s\n%s", commands[i], got, outputs[i], err)
			}
		}
	}
}

var steps = regexp.MustCompile(`steps[= ](\d+)0\b`)

// shortened has a tenth of every number of steps.
func shortened(page string) string {
	return steps.ReplaceAllStringFunc(page, func(s string) string { return s[:len(s)-1] })
}

// runAll runs commands in the repository's root, their folder course elsewhere.
func runAll(t *testing.T, commands []string) []string {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "course")
	moved := strings.NewReplacer("../../course/", folder+"/", " course/", " "+folder+"/")
	if *full && *write {
		defer keepPictures(t, folder)
	}
	var printed []string
	for _, line := range commands {
		command := exec.CommandContext(t.Context(), "sh", "-c", moved.Replace(line))
		command.Dir, command.Env = root, append(os.Environ(), "GOWORK=off")
		output, err := command.CombinedOutput()
		if err != nil && !strings.Contains(line, "./check") { // which says by its exit code that something is to be done
			t.Fatalf("%s: %v\n%s", line, err, output)
		}
		printed = append(printed, tidied(string(output), folder))
	}
	return printed
}

// keepPictures takes over the pictures that the pages show.
func keepPictures(t *testing.T, folder string) {
	for _, name := range []string{"semi-hard.svg", "collapsed.svg", "cured.svg"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil { // this page's commands draw it
			save(t, name, read(t, filepath.Join(folder, name)))
		}
	}
}

// private are lines that differ from machine to machine and from commit to commit.
var private = regexp.MustCompile(`(?m)^(hash|made by|go: downloading|exit status).*\n`)

func tidied(output, folder string) string {
	return strings.ReplaceAll(private.ReplaceAllString(output, ""), folder, "course")
}

var number = regexp.MustCompile(`-?\d+(\.\d+)?(e-?\d+)?`)

// alike says how two outputs differ beyond rounding, "" if they do not.
func alike(got, want string) string {
	if a, b := number.ReplaceAllString(got, "#"), number.ReplaceAllString(want, "#"); strings.Join(strings.Fields(a), " ") != strings.Join(strings.Fields(b), " ") {
		return "other words"
	}
	others := number.FindAllString(want, -1)
	for i, text := range number.FindAllString(got, -1) {
		a, _ := strconv.ParseFloat(text, 64)
		b, _ := strconv.ParseFloat(others[i], 64)
		if math.Abs(a-b) > relative*math.Abs(b)+absolute*unit(others[i]) {
			return "number " + text + " in the place of " + others[i]
		}
	}
	return ""
}

// unit is 1 for percents and counts, and a hundredth for fractions such as distances.
func unit(text string) float64 {
	if v, _ := strconv.ParseFloat(text, 64); strings.Contains(text, ".") && math.Abs(v) < 1.5 {
		return 0.01
	}
	return 1
}

// rewrite puts what the commands print into the page, and into its translation, or into the short outputs.
func rewrite(t *testing.T, english, page string, commands, printed []string) {
	var blocks strings.Builder
	for i, command := range commands {
		blocks.WriteString("```console\n$ " + command + "\n" + printed[i] + "```\n")
	}
	if !*full {
		save(t, shortOutputs[english], blocks.String())
		return
	}
	for _, name := range []string{english, lessons[english]} {
		save(t, name, filled(read(t, name), printed))
	}
}

// filled is the page with new outputs.
func filled(page string, printed []string) string {
	next := 0
	return console.ReplaceAllStringFunc(page, func(block string) string {
		commands, _ := commandsOf(block)
		var b strings.Builder
		b.WriteString("```console\n")
		for _, command := range commands {
			b.WriteString("$ " + command + "\n" + printed[next])
			next++
		}
		return b.String() + "```"
	})
}

func save(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

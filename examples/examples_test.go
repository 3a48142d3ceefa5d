// Package examples holds programs that use Siam from outside: each folder is a module of its own, of at most 80 lines, with exported
// names only. docs/extend.md explains them with excerpts.
package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// prints is what each example's output must match.
var prints = map[string]string{
	"own-distance":     `without the distance: unknown distance "pseudo_huber"(.|\n)*same one: 0\.[789]`,
	"own-loss":         `same one: 0\.[789]`,
	"own-miner":        `step 60: (.|\n)*same one: 0\.[789]`,
	"own-sampler":      `same one: 0\.[789]`,
	"own-data":         `same one: 0\.[89]`,
	"own-augmentation": `same one: 0\.[6789](.|\n)*ink 0\.0\d\d pixels are outside`,
	"own-encoder":      `without the architecture: .*"patches" is none of Siam's own(.|\n)*same one: 0\.[789]`,
	"own-optimizer":    `step 1: rate 5.0e-05\nstep 21: rate 5.0e-04\n(.|\n)*same one: 0\.[6789]`,
	"own-task":         `0\.9\d+ is both`,
	"vectors":          `same one: 0\.[678](.|\n)*neighbour 1 .*: machine 1007,`,
}

// course are the modules that docs/tutorials explains, whose tests run the first's commands.
var course = []string{"triplet", "coseg", "course"}

func TestCourseTellsRightFromWrong(t *testing.T) {
	goCommand(t, "triplet", "vet", "./...")
	goCommand(t, "coseg", "vet", "./...")
	goCommand(t, "course", "vet", "./...")
	goCommand(t, "course", "test", "./...")
}

func TestExamplesRunInModulesOfTheirOwn(t *testing.T) {
	for name, want := range prints {
		t.Run(name, func(t *testing.T) {
			goCommand(t, name, "vet", ".")
			if got := goCommand(t, name, "run", "."); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s prints %q, want it to match %q", name, got, want)
			}
		})
	}
}

// goCommand runs the go command in an example's folder and returns what it prints.
func goCommand(t *testing.T, example string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Dir, command.Env = example, append(os.Environ(), "GOWORK=off")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s in examples/%s: %v\n%s(if go.mod is out of date: make tidy)", strings.Join(arguments, " "), example, err, output)
	}
	return string(output)
}

func TestExamplesAreListedAndShort(t *testing.T) {
	page := readFile(t, "../docs/extend.md")
	modules, err := filepath.Glob("*/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if known := len(prints) + len(course); len(modules) != known {
		t.Errorf("%d folders with a module, the tests know %d", len(modules), known)
	}
	for _, module := range modules {
		name := filepath.Dir(module)
		if slices.Contains(course, name) {
			continue
		}
		if prints[name] == "" {
			t.Errorf("examples/%s is not among those that the tests run", name)
		}
		if !strings.Contains(page, "(../examples/"+name+")") {
			t.Errorf("docs/extend.md has no link to examples/%s", name)
		}
		if lines := strings.Count(readFile(t, name+"/main.go"), "\n"); lines > 80 {
			t.Errorf("examples/%s has %d lines, want at most 80", name, lines)
		}
	}
}

var codeBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

func TestCodeOnThePageIsThatOfTheExamples(t *testing.T) {
	var all strings.Builder
	for name := range prints {
		all.WriteString(readFile(t, name+"/main.go"))
	}
	blocks := codeBlock.FindAllStringSubmatch(readFile(t, "../docs/extend.md"), -1)
	if len(blocks) == 0 {
		t.Error("docs/extend.md shows no code")
	}
	for _, block := range blocks {
		if !strings.Contains(all.String(), block[1]) {
			t.Errorf("no example has this code of docs/extend.md:\n%s", block[1])
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

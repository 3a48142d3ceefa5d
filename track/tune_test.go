package track

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
)

// What a search of the whole video finds is no worse on the videos that it saw, goes through a file, and leaves what it may not change.
func TestTuningOfTheWholeVideoIsNoWorseOnItsVideos(t *testing.T) {
	var all []Video
	for seed := range uint64(2) {
		truth, found, err := mot.World{Frames: 150, People: 8, Seed: seed}.Sequences(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		frames, err := Frames(found, 25, Scores{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Video{Truth: truth, Frames: frames})
	}
	tuned, err := TuneOffline(context.Background(), all, OfflineByMotion(), TuneOptions{Rounds: 20, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		var merit [2]float64
		for i, o := range []Offline{OfflineByMotion(), *tuned.Offline} {
			j, err := v.JudgeOffline(context.Background(), o, tuned.Scores)
			if err != nil {
				t.Fatal(err)
			}
			merit[i] = j.MOTA + j.IDF1
		}
		if merit[1] < merit[0] {
			t.Errorf("tuned %.3f, default %.3f", merit[1], merit[0])
		}
	}
	want := OfflineByMotion()
	for _, knob := range offlineKnobs {
		*knob(&want) = *knob(tuned.Offline)
	}
	if *tuned.Offline != want || *tuned.Offline == OfflineByMotion() {
		t.Errorf("%+v: want the knobs changed and nothing else", tuned.Offline)
	}
	text, err := json.Marshal(tuned)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readTuned(t, string(text)); err != nil || *got.Offline != *tuned.Offline {
		t.Errorf("read back %+v, %v, want %+v", got.Offline, err, *tuned.Offline)
	}
}

func readTuned(t *testing.T, text string) (Tuned, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "s.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadTuned(file)
}

func TestSettingsOfAFileThatAreNotThereAreDefault(t *testing.T) {
	got, err := readTuned(t, `{"params": {"high": 0.5}}`)
	if err != nil || got.Offline != nil || got.Params.Low != Default().Low || got.Params.High != 0.5 {
		t.Errorf("%+v, %v: want the default but for high, and nothing of the whole video", got, err)
	}
	want := DefaultOffline()
	want.Join = 3
	if got, err = readTuned(t, `{"offline": {"join": 3}}`); err != nil || *got.Offline != want {
		t.Errorf("%+v, %v: want the default but for join", got.Offline, err)
	}
	if _, err = readTuned(t, `{"offline": {"join": -1}}`); err == nil || !strings.Contains(err.Error(), "join is -1") {
		t.Errorf("a number below 0: %v", err)
	}
}

// Scores that tell right from wrong without a mistake have a map too: the one at which the loss to Platt's targets, (n + 1)/(n + 2) and 1/(n + 2), is flat.
func TestScoresThatTellAllHaveAMap(t *testing.T) {
	var scores []float64
	var right []bool
	for i := range 40 {
		scores, right = append(scores, 0.6+0.01*float64(i)), append(right, true)
	}
	for _, wrong := range [][]float64{{0.1}, {0.55, 0.56}, {-100}} {
		all, known := append(slices.Clone(scores), wrong...), slices.Clone(right)
		for range wrong {
			known = append(known, false)
		}
		s := FitScores(all, known)
		var by, byScore float64
		for i, v := range all {
			target := 41. / 42
			if !known[i] {
				target = 1 / float64(len(wrong)+2)
			}
			by, byScore = by+s.Of(v)-target, byScore+(s.Of(v)-target)*v
		}
		if !(math.Abs(by) < 1e-6) || !(math.Abs(byScore) < 1e-4) {
			t.Errorf("wrong at %v: %+v, where the loss rises by %g and %g", wrong, s, by, byScore)
		}
	}
}

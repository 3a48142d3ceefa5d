package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/siam-go/siam/dataset"
)

// saved is what a checkpoint holds besides the trainer's state.
type saved struct {
	Training json.RawMessage `json:"training"` // its identity
	Memory   any             `json:"memory"`   // of its course
}

// save writes the job's checkpoint, if it wants one.
func (t *training[B]) save() error {
	if t.job.Checkpoint == "" {
		return nil
	}
	identity, err := t.identity()
	if err != nil {
		return err
	}
	state, err := json.Marshal(saved{identity, t.memory})
	if err != nil {
		return err
	}
	return t.trainer.SaveCheckpoint(t.job.Checkpoint, state)
}

// restore goes on from the job's checkpoint, or makes sure that none is lost.
func (t *training[B]) restore() error {
	if t.job.Checkpoint == "" {
		return nil
	}
	_, err := os.Stat(t.job.Checkpoint)
	switch {
	case errors.Is(err, fs.ErrNotExist) && t.job.Resume:
		return fmt.Errorf("there is no checkpoint %s to resume from", t.job.Checkpoint)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !t.job.Resume:
		return fmt.Errorf("checkpoint %s of an interrupted training is there: resume from it, or remove it to start again", t.job.Checkpoint)
	}
	encoded, err := t.trainer.LoadCheckpoint(t.job.Checkpoint)
	if err != nil {
		return err
	}
	loaded := saved{Memory: t.memory}
	if err := json.Unmarshal(encoded, &loaded); err != nil {
		return fmt.Errorf("checkpoint %s is of no recipe: %w", t.job.Checkpoint, err)
	}
	ours, err := t.identity()
	if err == nil && string(loaded.Training) != string(ours) {
		err = fmt.Errorf("checkpoint %s is of another training (%s), this one is %s: give the same recipe, settings, data and seed",
			t.job.Checkpoint, loaded.Training, ours)
	}
	return err
}

// identity tells trainings apart: a checkpoint of one must not go on as another.
func (t *training[B]) identity() ([]byte, error) {
	old := ""
	if t.job.Compatible != nil {
		old = t.job.Compatible.Hash
	}
	return json.Marshal(struct {
		Recipe   string   `json:"recipe"`
		DataSet  string   `json:"data_set"`
		Contents string   `json:"contents"`
		Seed     uint64   `json:"seed"`
		Settings Settings `json:"settings"`
		Old      string   `json:"compatible_with,omitempty"`
	}{t.recipe.Name, t.job.Background.Name, hashOf(t.job.Background), t.job.Seed, t.recipe.Settings, old})
}

// hashOf tells data sets of one name apart by their classes and how many images each has.
func hashOf(set *dataset.Set) string {
	hash := sha256.New()
	for label, items := range set.ByClass() {
		fmt.Fprintf(hash, "%s %d\n", set.Classes[label].Name, len(items))
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/modelfile/safetensors"
)

// The keys of a checkpoint's metadata. The digest covers the whole file with an empty digest.
const (
	keyVersion  = "siam_checkpoint"
	keyIdentity = "spec"
	keyState    = "state"
	keySampler  = "sampler"
	keyDigest   = "digest"

	checkpointVersion = "1"
	bestPrefix        = "best/"
)

// SaveCheckpoint writes all that is needed to go on exactly: weights, the optimizer's memory and the objective's, averages,
// random numbers, counters and the best weights so far, and sampler, the caller's own state as text (such as a [dataset.State] as JSON).
// The file at path is at every moment the old checkpoint or all of the new one.
//
// The copies of weights that a collapse would go back to are not in it: a resumed training makes new ones.
func (t *Trainer[B]) SaveCheckpoint(path string, sampler []byte) error {
	saved, err := t.save(func(v *model.Variable) bool { return topScope(v) != gatheredScope }) // a step begins with none
	if err != nil {
		return fmt.Errorf("save checkpoint %s: %w", path, err)
	}
	for _, w := range t.state.Best.weights {
		saved = append(saved, safetensors.FromFloat32(bestPrefix+w.Name, w.Shape, w.Values))
	}
	state, err := json.Marshal(t.state)
	if err != nil {
		return fmt.Errorf("save checkpoint %s: %w", path, err)
	}
	f := &safetensors.File{Tensors: saved, Metadata: map[string]string{
		keyVersion: checkpointVersion, keyIdentity: t.identity(), keyState: string(state), keySampler: string(sampler),
	}}
	if f.Metadata[keyDigest], err = digest(f); err != nil {
		return fmt.Errorf("save checkpoint %s: %w", path, err)
	}
	if err := f.WriteFile(path); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}

// LoadCheckpoint goes on where SaveCheckpoint stopped, and returns the caller's state. The config must be the one the
// training had: with it, the same backend and the same batches, the losses are those of an unbroken training, bit for bit.
func (t *Trainer[B]) LoadCheckpoint(path string) (sampler []byte, err error) {
	f, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load checkpoint: %w", err)
	}
	if err := t.verify(f); err != nil {
		return nil, fmt.Errorf("load checkpoint: %s: %w", path, err)
	}
	if err := t.restore(f); err != nil {
		return nil, fmt.Errorf("load checkpoint: %s: %w", path, err)
	}
	return []byte(f.Metadata[keySampler]), nil
}

// verify compares the checkpoint with its digest, its version and the model in training.
func (t *Trainer[B]) verify(f *safetensors.File) error {
	version, ours := f.Metadata[keyVersion]
	if !ours {
		return errors.New("a safetensors file, but no checkpoint")
	}
	if version != checkpointVersion {
		return fmt.Errorf("checkpoint version %q, this program reads version %s", version, checkpointVersion)
	}
	want := f.Metadata[keyDigest]
	if got, err := digest(f); err != nil || got != want {
		return errors.New("damaged: it does not fit its digest; start again from an older checkpoint")
	}
	if ours := t.identity(); ours != f.Metadata[keyIdentity] {
		return fmt.Errorf("it is of another model: %s, this training has %s", f.Metadata[keyIdentity], ours)
	}
	return nil
}

// identity tells the model in training from others, as far as its task does.
func (t *Trainer[B]) identity() string {
	if identified, ok := t.task.(Identified); ok {
		return identified.Identity()
	}
	return ""
}

// restore takes over the checkpoint's content.
func (t *Trainer[B]) restore(f *safetensors.File) error {
	var loaded state
	if err := json.Unmarshal([]byte(f.Metadata[keyState]), &loaded); err != nil {
		return err
	}
	var variables []safetensors.Tensor
	for _, s := range f.Tensors {
		name, best := strings.CutPrefix(s.Name, bestPrefix)
		if !best {
			variables = append(variables, s)
			continue
		}
		values, err := s.Float32()
		if err != nil {
			return err
		}
		loaded.Best.weights = append(loaded.Best.weights, modelfile.Tensor{Name: name, Shape: s.Shape, Values: values})
	}
	if err := t.complete(variables); err != nil {
		return err
	}
	if err := t.load(variables); err != nil {
		return err
	}
	t.task = t.first
	for range loaded.Easier {
		if _, ok := t.ease(); !ok {
			return fmt.Errorf("the training had stepped back to an easier miner %d times, this one has fewer", loaded.Easier)
		}
	}
	t.state, t.healthy = loaded, healthy{}
	return nil
}

// complete makes sure that all that the task declared is among the saved variables.
func (t *Trainer[B]) complete(saved []safetensors.Tensor) error {
	there := make(map[string]bool)
	for _, s := range saved {
		there[s.Name] = true
	}
	for v := range t.store.IterVariables() {
		if name := weightName(v); t.declared[v.Path()] && !there[name] {
			return fmt.Errorf("it is of another model: it lacks %s", name)
		}
	}
	return nil
}

// digest is the SHA-256 of the file with an empty digest, in hexadecimal.
func digest(f *safetensors.File) (string, error) {
	kept, had := f.Metadata[keyDigest]
	f.Metadata[keyDigest] = ""
	sum := sha256.New()
	err := f.Encode(sum)
	if had {
		f.Metadata[keyDigest] = kept
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}

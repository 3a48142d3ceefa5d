package recipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

// Shared are images with masks, from which a network learns what two images share.
type Shared struct {
	Arch       string `json:"arch"`       // one of package coseg
	Correlated int    `json:"correlated"` // at how many of the coarsest maps two images are compared; 0 trains one that sees a single image
	Couples    int    `json:"couples"`    // pairs of images in a batch
	Accumulate int    `json:"accumulate"` // batches whose gradients make a step; 0 means 1
	// Generated, Negatives, Pasted and Moved are the parts of the pairs that are of the generated world; that share nothing; that get
	// objects of other classes pasted in; and whose second image is one of another class with the shared object pasted in. Families is
	// how many the world has.
	Generated float64 `json:"generated"`
	Negatives float64 `json:"negatives"`
	Pasted    float64 `json:"pasted"`
	Moved     float64 `json:"moved"`
	Families  int     `json:"families"`
	// Overlap is how much the loss of the masks' overlap counts beside the cross-entropy.
	Overlap float64 `json:"overlap"`
	// Likeness is how much the loss of the objects' likeness counts, by their classes.
	Likeness float64 `json:"likeness"`
	// Tune above 0 has an imported encoder learn too, at so much of the rate.
	Tune float64 `json:"tune"`
	// Out and Fold keep every image out of training whose number in its class leaves Fold when divided by Out; they validate, or all images
	// do where no class has two of them. Out 0 keeps none out.
	Out  int `json:"out"`
	Fold int `json:"fold"`
}

// CosegSmall trains on two cores.
func CosegSmall() Recipe {
	return cosegRecipe("coseg-small", "masks of what two images share: a light network of its own, trained from nothing", Shared{
		Arch: coseg.Small, Correlated: 2, Couples: 8, Generated: 0.1, Negatives: 0.2, Pasted: 0.2, Moved: 0.15, Families: 2000, Overlap: 1, Likeness: 0.5, Out: 5,
	}, ScheduleSettings{Steps: 4000, Optimizer: "adamw", Rate: 2e-3, Decay: 0.05, Average: 0.99, Every: 500})
}

// CosegMobilenet has an imported encoder, that stays as it is unless Tune says otherwise.
func CosegMobilenet() Recipe {
	return cosegRecipe("coseg-mobilenet", "masks of what two images share: the decoder of an imported feature pyramid, named by --init", Shared{
		Arch: coseg.Pyramid, Correlated: 2, Couples: 4, Generated: 0.05, Negatives: 0.2, Pasted: 0.25, Moved: 0.2, Families: 2000, Overlap: 1, Likeness: 0.5, Out: 5,
	}, ScheduleSettings{Steps: 2000, Optimizer: "adamw", Rate: 2e-3, Decay: 0.05, Average: 0.99, Every: 500})
}

// CosegDocs is the published network.
func CosegDocs() Recipe {
	return cosegRecipe("coseg-docs", "masks of what two images share: the published network of VGG16 at 512 pixels, for a long run", Shared{
		Arch: coseg.DOCS, Correlated: 1, Couples: 1, Accumulate: 10, Families: 2000, Negatives: 0.2, Out: 5,
	}, ScheduleSettings{Steps: 100000, Optimizer: "adam", Rate: 1e-5, L2: ByLayer{Other: 5e-4}, Every: 5000})
}

func cosegRecipe(name, summary string, data Shared, schedule ScheduleSettings) Recipe {
	return Recipe{Name: name, Summary: summary, Settings: Settings{Data: data, ScheduleSettings: schedule}}
}

// Words implements [Source].
func (Shared) Words() Words {
	return Words{Parts: "images", Asked: "the Jaccard index of masks", Measure: Jaccard}
}

// Read implements [Source].
func (c Shared) Read(ctx context.Context, folder dataset.Folder, leave Leave) (Background, error) {
	if len(leave.TestFolds) > 0 {
		return Background{}, ErrNoFolds
	}
	set, err := dataset.ReadMasked(ctx, folder)
	if err != nil {
		return Background{}, err
	}
	var b Background
	b.hold(set)
	if len(leave.Exclude) > 0 {
		rest, _, err := dataset.SplitByShown(set, leave.Exclude...)
		if err != nil {
			return Background{}, &LeaveError{"exclude", err}
		}
		rest.Name = set.Name + " without " + strings.Join(leave.Exclude, ", ")
		set = rest
	}
	b.Set = set
	b.Summary = summary(set)
	if _, out := dataset.SplitEvery(set, c.Out, c.Fold); c.Out > 0 && !hasPair(out) {
		b.Notes = append(b.Notes, "note: too few images to keep two of a class out: it validates, and chooses the presence from which an object counts as there, by images that it learns from")
	}
	return b, nil
}

// summary counts what there is to learn from.
func summary(set *dataset.Set) string {
	images := map[string]bool{}
	for _, it := range set.Items {
		images[it.Source] = true
	}
	if len(images) < len(set.Items) {
		return fmt.Sprintf("%d images with %d masks of %d classes", len(images), len(set.Items), len(set.Classes))
	}
	return fmt.Sprintf("%d images of %d classes", len(images), len(set.Classes))
}

func (c Shared) check(s Settings) error {
	part := func(v float64) bool { return v >= 0 && v <= 1 }
	rules := []rule{
		{"couples", c.Couples, c.Couples >= 1 && c.Couples <= 1000, "1 to 1000"},
		{"accumulate", c.Accumulate, c.Accumulate >= 0 && c.Accumulate <= 1000, "0 to 1000"},
		{"generated", c.Generated, part(c.Generated), "0 to 1"},
		{"negatives", c.Negatives, part(c.Negatives), "0 to 1"},
		{"pasted", c.Pasted, part(c.Pasted), "0 to 1"},
		{"moved", c.Moved, part(c.Moved), "0 to 1"},
		{"overlap", c.Overlap, c.Overlap >= 0 && c.Overlap <= 100, "0 to 100"},
		{"likeness", c.Likeness, c.Likeness >= 0 && c.Likeness <= 100, "0 to 100"},
		{"tune", c.Tune, c.Tune == 0 || part(c.Tune) && c.Arch == coseg.Pyramid, "0 to 1 with an imported encoder, else 0"},
		{"families", c.Families, c.Families >= 6, "6 or more"},
		{"out", c.Out, c.Out == 0 || c.Out >= 2, "0, or 2 or more"},
		{"fold", c.Fold, c.Fold >= 0 && c.Fold < max(1, c.Out), foldsOf(c.Out)},
	}
	if err := s.checkOneRate(rules); err != nil {
		return err
	}
	_, err := c.spec(s)
	return err
}

// foldsOf says which folds there are when every out-th image is kept out.
func foldsOf(out int) string {
	if out == 0 {
		return "0, as out=0 keeps no images out"
	}
	return fmt.Sprintf("0 to %d, one less than out", out-1)
}

func (c Shared) spec(s Settings) (coseg.Spec, error) {
	spec, err := coseg.NewSpec(c.Arch, s.Size)
	if err != nil {
		return spec, err
	}
	if len(s.Widths) > 0 {
		spec.Widths = s.Widths
	}
	spec.Correlated = c.Correlated
	spec.Tuned = c.Tune > 0
	spec.Likeness = c.Likeness > 0 && c.Correlated > 0 && c.Arch != coseg.DOCS
	return spec, spec.Check()
}

// asGiven has images prepared as the model that a training starts from wants them, which knows better than an architecture.
func asGiven(spec coseg.Spec, init *modelfile.File) coseg.Spec {
	var from struct{ Preprocess imgproc.Preprocess }
	if init != nil && json.Unmarshal(init.Spec, &from) == nil && len(from.Preprocess.Mean) == 3 && len(from.Preprocess.Std) == 3 {
		spec.Preprocess.Mean, spec.Preprocess.Std = from.Preprocess.Mean, from.Preprocess.Std
	}
	return spec
}

// cosegCourse is a training of co-segmentation at work.
type cosegCourse struct {
	recipe    Recipe
	job       Job
	spec      coseg.Spec
	imported  []byte
	trainer   *train.Trainer[*coseg.Batch]
	sampler   *coseg.Sampler
	validated *dataset.Set
	parts     int        // batches of a step
	couples   [][2]int32 // of validated, that share their class
	shown     []Masked   // the couples, as the last score answered them
}

// newCosegCourse checks the settings and builds everything that the first step needs.
func newCosegCourse(r Recipe, job Job, data Shared) (c course[*coseg.Batch], err error) {
	if err := r.Settings.Check(); err != nil {
		return c, err
	}
	if job.Compatible != nil {
		return c, errors.New("a model of masks has no embeddings to be compatible with")
	}
	w := &cosegCourse{recipe: r, job: job}
	if w.spec, err = data.spec(r.Settings); err != nil {
		return c, err
	}
	w.spec = asGiven(w.spec, job.Init)
	learned, validated := dataset.SplitEvery(job.Background, data.Out, data.Fold)
	if w.validated = validated; !hasPair(validated) {
		w.validated = job.Background // too few to keep any out
	}
	w.sampler, err = coseg.NewSampler(coseg.Sampler{
		Spec: w.spec, Set: learned, World: coseg.World{Seed: job.Seed, Side: w.spec.Preprocess.Width}, Augment: coseg.PhotoAugment(),
		Pairs: data.Couples, Generated: data.Generated, Negatives: data.Negatives, Pasted: data.Pasted, Moved: data.Moved, Families: data.Families, Seed: job.Seed,
	})
	if err != nil {
		return c, err
	}
	if err := w.newTrainer(data); err != nil {
		return c, err
	}
	w.couples = drawCouples(w.validated, job.Seed)
	return course[*coseg.Batch]{trainer: w.trainer, batches: w.batches, score: w.score, model: w.model, memory: new(struct{}),
		show: func(p *Progress) { p.Masks = w.shown }}, nil
}

// hasPair says whether some class has two images.
func hasPair(set *dataset.Set) bool {
	return slices.ContainsFunc(set.ByClass(), func(items []int32) bool { return len(items) >= 2 })
}

func (w *cosegCourse) newTrainer(data Shared) error {
	if init := w.job.Init; init != nil {
		w.imported = init.Networks[encoder.EncoderNetwork]
	}
	network, err := coseg.NewNetwork(w.job.Backend, w.spec, w.imported)
	if err != nil {
		return err
	}
	w.parts = max(1, data.Accumulate)
	config, err := w.recipe.Settings.oneRate(len(w.sampler.Set.Items)/(w.sampler.Pairs*w.parts), w.job.Seed)
	if err != nil {
		return err
	}
	config.Accumulate = data.Accumulate
	if data.Tune > 0 {
		config.Layers = map[string]train.Layer{"encoder": {Rate: data.Tune * config.Layer.Rate}}
	}
	if w.trainer, err = train.New(w.job.Backend, train.Task[*coseg.Batch](coseg.Pairs{Network: network, Overlap: data.Overlap, Likeness: data.Likeness}), config); err != nil {
		return err
	}
	return w.start()
}

// start gives the trainer the weights of the model to start from; of an encoder alone, or of one whose encoder did not learn, beside its
// own.
func (w *cosegCourse) start() error {
	init := w.job.Init
	if init == nil || w.spec.Arch == coseg.Pyramid && init.Kind == modelfile.Encoder {
		return nil // its network is the encoder, and has no other weights
	}
	weights := init.Weights
	if init.Kind == coseg.EncoderKind && w.spec.Arch == coseg.DOCS || w.spec.Tuned {
		own, err := w.trainer.Weights()
		if err != nil {
			return err
		}
		weights = slices.Clone(weights)
		for _, t := range own {
			if !slices.ContainsFunc(init.Weights, func(given modelfile.Tensor) bool { return given.Name == t.Name }) {
				weights = append(weights, t)
			}
		}
	}
	if err := w.trainer.SetWeights(weights); err != nil {
		return fmt.Errorf("starting from another model: %w", err)
	}
	return nil
}

func (w *cosegCourse) batches(ctx context.Context) (iter.Seq2[*coseg.Batch, error], error) {
	return dataset.Prefetch(ctx, dataset.PrefetchOptions{Start: w.trainer.Done() * w.parts, End: w.recipe.Settings.Steps * w.parts}, w.sampler.Fill), nil
}

// scoredImages is how many images that were kept out are asked for at most, each time that a network is judged.
const scoredImages = 200

// score is the mean Jaccard on the images that were kept out.
func (w *cosegCourse) score(ctx context.Context) (float64, error) {
	weights, err := w.trainer.Weights()
	if err != nil {
		return 0, err
	}
	file, err := coseg.NewFile(w.spec, weights, w.imported)
	if err != nil {
		return 0, err
	}
	model, err := coseg.New(w.job.Backend, file)
	if err != nil {
		return 0, err
	}
	defer model.Close()
	w.shown = nil
	pictures := dataset.NewPictures(w.validated)
	for _, couple := range w.couples {
		found, err := masked(ctx, model, pictures, couple)
		if err != nil {
			return 0, err
		}
		w.shown = append(w.shown, found)
	}
	result, err := judge.Coseg(ctx, model, w.validated, judge.CosegTest{Partners: 2, Seed: w.job.Seed, Most: scoredImages}, nil)
	return result.Jaccard, err
}

func (w *cosegCourse) model(ctx context.Context, weights []modelfile.Tensor, step int, finished bool) (*modelfile.File, error) {
	file, err := coseg.NewFile(w.spec, weights, w.imported)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, class := range w.job.Background.Classes {
		names = append(names, class.Name)
	}
	file.Provenance = modelfile.Provenance{
		Recipe: w.recipe.Name, DataSet: w.job.Background.Name, Seed: w.job.Seed, Steps: step, Commit: w.job.Commit,
		Settings: maps.Collect(w.recipe.Settings.encoded()), Learned: modelfile.NewLearned(nil, names...),
	}
	if !finished {
		return file, nil
	}
	return file, w.calibrate(ctx, file)
}

// calibrate chooses the presence from which an object counts as there, on the images that were kept out.
func (w *cosegCourse) calibrate(ctx context.Context, file *modelfile.File) error {
	model, err := coseg.New(w.job.Backend, file)
	if err != nil {
		return err
	}
	defer model.Close()
	if err := judge.CalibrateCoseg(ctx, model, file, w.validated, w.job.FMR, w.job.Seed); !errors.Is(err, judge.ErrNoCouples) {
		return err
	}
	return nil // of one class the presence stays the one half that it is
}

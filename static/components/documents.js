// The documents that pkc-viewer shows. In `blocks`, a string is a paragraph and an array is a list.
const DOCUMENTS = [
  { id: "clm", title: "The Cubical Logic Model", sections: [
    { title: "The idea", blocks: [
      "A page that grows without joints ends as one piece: nobody dares to change a corner, because nobody knows what hangs on it. The Cubical Logic Model draws the joints first. Everything on the page is a component, and every component is described by three faces, like a cube seen from a corner.",
      "The faces answer three questions that are often mixed up: what is it for, how is it made, and how do we know that it works?" ] },
    { title: "The abstract face", blocks: [
      "Context and goal, in words a visitor would understand. It names no technology. When the implementation is thrown away and written anew, this face stays." ] },
    { title: "The concrete face", blocks: [
      "The page that does the work, the limits of its sandbox, and the slice of the store it may see. A component sees nothing else of the dashboard, and no other component at all." ] },
    { title: "The balanced face", blocks: [
      "What is expected of it: how fast it should load, how it shows that it is alive, whether a failure is even intended. It is called balanced because it weighs the promise of the first face against the facts of the second." ] },
    { title: "Why frames", blocks: [
      "Each component runs in a frame of its own, without an origin of its own. It cannot read the dashboard, its storage or its neighbours. It can crash, hang or fill up with errors, and the page around it goes on. All it can do is send messages, and the dashboard decides which of them it believes." ] },
  ] },
  { id: "tracking", title: "What is recorded", sections: [
    { title: "Five kinds of events", blocks: [
      "Once you have agreed, a handful of plain events describe the way through the components:",
      [ "A visit: which component was opened, and from which one.", "An exit: how long it was in view, and what came next.", "An interaction: it has loaded, or something in it was used.", "An error: it failed, with a short reason.", "The start of a session." ] ] },
    { title: "Time spent", blocks: [
      "Only time in view counts. When the tab is hidden the stretch is closed and recorded; when it comes back, a new stretch of the same visit begins. Durations come from a clock that only runs forward, so neither a sleeping laptop nor a corrected clock can bend them." ] },
    { title: "Sessions", blocks: [
      "A session ends after fifteen minutes without activity, or after four hours. The next one knows which came before it, so a lunch break does not turn one visitor into two." ] },
    { title: "On the way", blocks: [
      "Events travel in small batches. If the server cannot be reached they wait and are tried again, each with its original time. Every event has a number of its own, so one that arrives twice is stored once." ] },
  ] },
  { id: "privacy", title: "Your answer decides", sections: [
    { title: "Before you answer", blocks: [
      "Nothing is stored on your device and nothing is sent. At most fifty events wait in memory, without any mark of who you are. If you agree they are recorded with their own times; if not, they are destroyed." ] },
    { title: "If you say no", blocks: [
      "Everything here works the same. If your browser asks not to be tracked, by Global Privacy Control or Do Not Track, that counts as no until you say otherwise yourself." ] },
    { title: "If you say yes", blocks: [
      "Your browser makes up a random secret and keeps it. What is sent is only a fingerprint of that secret: enough to see that two visits belong together, useless for finding out whose they are. Addresses are cut down to scheme, host and path, because what follows can hold private things." ] },
    { title: "If you change your mind", blocks: [
      "Open the privacy panel at the top of the page. Withdrawing wipes the waiting events, the secret, the session and everything else that was kept, and stops a sending that is under way." ] },
  ] },
  { id: "component", title: "Writing a component", sections: [
    { title: "One page", blocks: [
      "A component is an ordinary page in the folder static/components. It includes the shared look, clm.css, and the shared script, clm.js, with its own name in data-component. As soon as it can be used it calls clm.ready(). That is all: heartbeat and error reports follow by themselves." ] },
    { title: "One entry", blocks: [
      "In static/registry.json the component gets an entry with its three faces. The hash is its name in links and in the data, so it should be short, and stay." ] },
    { title: "Good manners", blocks: [
      [ "Send an event for what a person does, not for what the machine does.", "Keep personal data out of events: how many words were searched for, not which ones.", "Say that you are ready when you are, and not before.", "Expect no storage and no network. The frame has neither.", "Work at 360 pixels, in the dark and by keyboard." ] ] },
    { title: "When it fails", blocks: [
      "An error nobody caught is reported by the shared script. One you caught yourself can be passed to clm.error. A page that is missing, a component that never becomes ready and a heartbeat that stops are noticed from outside; each is recorded once." ] },
  ] },
];

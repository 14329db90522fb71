// Browsers start no worker of a page from file://. There, the search runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.title = "search"
      document.body.append(frame)
      const inside = frame.contentWindow
      // Each side gets a copy, as from a worker.
      inside.postMessage = (said) => {
        const data = structuredClone(said)
        setTimeout(() => this.onmessage?.({ data }))
      }
      const loaded = new Promise((resolve) => {
        const script = inside.document.createElement("script")
        script.src = url
        script.onload = resolve
        inside.document.body.append(script)
      })
      this.terminate = () => frame.remove()
      this.postMessage = (said) => {
        const data = structuredClone(said)
        loaded.then(() => inside.dispatchEvent(new MessageEvent("message", { data })))
      }
    }
  }
}

// The list says when newer mail is there; it never reloads by itself under a reader's eyes.
const news = document.getElementById("news");
if (news) {
  setInterval(async () => {
    try {
      const { id } = await (await fetch("/newest.json")).json();
      if (id !== news.dataset.newest) news.firstElementChild.hidden = false;
    } catch {
      // The catcher is being restarted: ask again in a moment.
    }
  }, 3000);
}

#include "cli/step_screen.hpp"

#include "cli/error.hpp"

#include <curses.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <sstream>

namespace cli {
namespace {

volatile std::sig_atomic_t stopped = 0;
void stop(int) { stopped = 1; }

/// The terminal is ncurses' while this lives.
class Screen {
 public:
  Screen() {
    std::setlocale(LC_ALL, "C.UTF-8");  // bars
    std::signal(SIGINT, stop);
    std::signal(SIGTERM, stop);
    if (::newterm(nullptr, stdout, stdin) == nullptr)
      throw InputError("--interactive: the terminal's kind (TERM) is not known");
    ::cbreak();
    ::noecho();
    ::keypad(stdscr, TRUE);
    ::curs_set(0);
    ::timeout(100);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen() { ::endwin(); }
};

void draw(const std::string& text, std::size_t place, std::size_t count) {
  ::clear();  // every page whole: its places differ from the last one's everywhere
  std::istringstream lines(text);
  int y = 0;
  for (std::string line; std::getline(lines, line) && y < LINES - 1; ++y) mvaddnstr(y, 0, line.c_str(), -1);
  const std::string help = "step " + std::to_string(place + 1) + " of " + std::to_string(count) +
                           "   space, right: on   left: back   home, end   q: quit";
  ::attron(A_REVERSE);
  mvaddnstr(LINES - 1, 0, help.c_str(), std::max(COLS - 1, 1));
  ::attroff(A_REVERSE);
  ::refresh();
}

}  // namespace

void show_pages(std::size_t count, const std::function<std::string(std::size_t)>& page) {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
    throw InputError("--interactive needs a terminal");
  }
  const Screen screen;
  std::size_t place = 0;
  for (bool fresh = true; stopped == 0;) {
    if (fresh) draw(page(place), place, count);
    fresh = true;
    switch (::getch()) {
      case ' ':
      case '\n':
      case KEY_RIGHT:
      case KEY_DOWN:
        place = std::min(place + 1, count - 1);
        break;
      case KEY_LEFT:
      case KEY_UP:
      case KEY_BACKSPACE:
        place -= place > 0 ? 1 : 0;
        break;
      case KEY_HOME:
        place = 0;
        break;
      case KEY_END:
        place = count - 1;
        break;
      case 'q':
      case 'Q':
      case 27:  // escape
        return;
      case KEY_RESIZE:
        break;
      default:
        fresh = false;
    }
  }
}

}  // namespace cli
